-- The projection of the report stream. Sole writer: reverb.

CREATE TABLE bar_reports (
  window_id                text PRIMARY KEY,
  cluster_id               text NOT NULL,
  epoch                    bigint NOT NULL,
  from_beat                bigint NOT NULL,
  to_beat                  bigint NOT NULL,
  agents_reporting         integer NOT NULL,
  on_time_reviews          integer NOT NULL,
  help_promises_fulfilled  integer NOT NULL,
  secret_rotations_ok      boolean NOT NULL,
  tempo_drift_ms           double precision NOT NULL,
  issues                   jsonb NOT NULL DEFAULT '[]',
  open_promises            jsonb NOT NULL DEFAULT '[]',
  stream_sequence          bigint NOT NULL,
  recorded_at              timestamptz NOT NULL
);
CREATE INDEX idx_bar_reports_cluster_from_beat ON bar_reports (cluster_id, epoch DESC, from_beat DESC);
-- By which those that are too old are found.
CREATE INDEX idx_bar_reports_recorded_at ON bar_reports (recorded_at);
