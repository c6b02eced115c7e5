-- Tasks: units of work from issues and other sources. Sole writer: monitor.

CREATE TABLE tasks (
  id                uuid PRIMARY KEY,
  source_type       text NOT NULL,
  external_id       text NOT NULL,
  number            integer,
  title             text NOT NULL,
  body              text NOT NULL DEFAULT '',
  body_sha256       text NOT NULL,
  body_truncated    boolean NOT NULL DEFAULT false,
  url               text,
  labels            text[] NOT NULL DEFAULT '{}',
  assignees         text[] NOT NULL DEFAULT '{}',
  author            text,
  kind              text NOT NULL CONSTRAINT tasks_kind_known CHECK (kind IN ('brief', 'work', 'other')),
  issue_state       text NOT NULL CONSTRAINT tasks_issue_state_known CHECK (issue_state IN ('open', 'closed')),
  status            text NOT NULL CONSTRAINT tasks_status_known CHECK (status IN ('open', 'forming', 'waiting', 'assigned', 'in_progress', 'completed', 'cancelled')),
  priority          text NOT NULL DEFAULT 'medium' CONSTRAINT tasks_priority_known CHECK (priority IN ('low', 'medium', 'high', 'critical')),
  attempt           integer NOT NULL DEFAULT 1 CHECK (attempt >= 1),
  content_revision  text NOT NULL,
  issue_updated_at  timestamptz,
  revision          integer NOT NULL DEFAULT 1,
  removed_at        timestamptz,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  CONSTRAINT tasks_source_external_key UNIQUE (source_type, external_id)
);
