-- Project kickoff councils. Sole writer: council.

CREATE TABLE councils (
  id                    uuid PRIMARY KEY,
  task_id               uuid NOT NULL REFERENCES tasks (id) ON DELETE RESTRICT,
  attempt               integer NOT NULL CHECK (attempt >= 1),
  project_name          text NOT NULL,
  title                 text NOT NULL,
  strategy              text NOT NULL,
  status                text NOT NULL CONSTRAINT councils_status_known CHECK (status IN ('forming', 'active', 'completed', 'failed', 'cancelled')),
  reason                text,
  round_number          integer,
  round_phase           text CONSTRAINT councils_round_phase_known CHECK (round_phase IN ('propose', 'critique', 'revise', 'vote')),
  round_opened_at_beat  bigint,
  phase_opened_at_beat  bigint,
  seat_deadline_at      timestamptz NOT NULL,
  seat_deadline_beat    bigint,
  revision              integer NOT NULL DEFAULT 1,
  created_at            timestamptz NOT NULL,
  updated_at            timestamptz NOT NULL,
  CONSTRAINT councils_task_attempt_key UNIQUE (task_id, attempt)
);

CREATE TABLE council_agents (
  id             uuid PRIMARY KEY,
  council_id     uuid NOT NULL REFERENCES councils (id) ON DELETE CASCADE,
  role           text NOT NULL,
  name           text NOT NULL,
  required       boolean NOT NULL,
  why            text NOT NULL DEFAULT '',
  position       integer NOT NULL,
  status         text NOT NULL CONSTRAINT council_agents_status_known CHECK (status IN ('open', 'claimed', 'released', 'absent')),
  agent_id       text REFERENCES agents (agent_id) ON DELETE RESTRICT,
  deployment_id  uuid,
  reserved_until timestamptz,
  claimed_at     timestamptz,
  away_since     timestamptz,
  CONSTRAINT council_agents_seat_key UNIQUE (council_id, role),
  CONSTRAINT council_agents_claimed_has_agent CHECK (status <> 'claimed' OR agent_id IS NOT NULL)
);

CREATE TABLE council_artifacts (
  id               uuid PRIMARY KEY,
  council_id       uuid NOT NULL REFERENCES councils (id) ON DELETE CASCADE,
  kind             text NOT NULL CONSTRAINT council_artifacts_kind_known CHECK (kind IN ('kickoff_manifest', 'seminal_decision_record', 'scaffold_plan', 'gate_tests')),
  version          integer NOT NULL CHECK (version >= 1),
  media_type       text NOT NULL,
  content          text NOT NULL,
  sha256           text NOT NULL,
  bytes            integer NOT NULL,
  path             text NOT NULL,
  ucxl_address     text NOT NULL,
  author_agent_id  text NOT NULL REFERENCES agents (agent_id) ON DELETE RESTRICT,
  author_role      text NOT NULL,
  ratified         boolean NOT NULL DEFAULT false,
  created_at       timestamptz NOT NULL,
  CONSTRAINT council_artifacts_digest_key UNIQUE (council_id, kind, sha256),
  CONSTRAINT council_artifacts_version_key UNIQUE (council_id, kind, version)
);

CREATE TABLE council_rounds (
  id              uuid PRIMARY KEY,
  council_id      uuid NOT NULL REFERENCES councils (id) ON DELETE CASCADE,
  number          integer NOT NULL CHECK (number >= 1),
  opened_at_beat  bigint NOT NULL,
  closed_at_beat  bigint,
  outcome         text CONSTRAINT council_rounds_outcome_known CHECK (outcome IN ('ratified', 'revise', 'not_ratified')),
  CONSTRAINT council_rounds_number_key UNIQUE (council_id, number)
);

CREATE TABLE council_votes (
  id           uuid PRIMARY KEY,
  council_id   uuid NOT NULL REFERENCES councils (id) ON DELETE CASCADE,
  artifact_id  uuid NOT NULL REFERENCES council_artifacts (id) ON DELETE CASCADE,
  role         text NOT NULL,
  agent_id     text,
  vote         text NOT NULL CONSTRAINT council_votes_vote_known CHECK (vote IN ('yes', 'no')),
  reason       text,
  cast_at      timestamptz NOT NULL,
  CONSTRAINT council_votes_once_key UNIQUE (artifact_id, role)
);

ALTER TABLE tasks ADD COLUMN council_id uuid REFERENCES councils (id) ON DELETE RESTRICT;
