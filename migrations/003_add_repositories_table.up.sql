-- Monitored Gitea repositories and what happened to them. Sole writer: monitor.

CREATE TABLE repositories (
  id                  uuid PRIMARY KEY,
  gitea_id            bigint NOT NULL CONSTRAINT repositories_gitea_id_key UNIQUE,
  full_name           text NOT NULL,
  owner               text NOT NULL,
  name                text NOT NULL,
  url                 text NOT NULL,
  default_branch      text NOT NULL DEFAULT 'main',
  monitor_issues      boolean NOT NULL DEFAULT true,
  chorus_labels_only  boolean NOT NULL DEFAULT true,
  sync_status         text NOT NULL CONSTRAINT repositories_sync_status_known CHECK (sync_status IN ('pending', 'initial_scan', 'active', 'error', 'disabled')),
  sync_error          text,
  sync_failures       integer NOT NULL DEFAULT 0,
  retry_at            timestamptz,
  webhook             text NOT NULL DEFAULT 'off' CONSTRAINT repositories_webhook_known CHECK (webhook IN ('installed', 'refused', 'off')),
  webhook_id          bigint,
  webhook_secret_sha256 text,
  last_issue_sync     timestamptz,
  last_sync_at        timestamptz,
  last_sweep_at       timestamptz,
  revision            integer NOT NULL DEFAULT 1,
  removed_at          timestamptz,
  created_at          timestamptz NOT NULL,
  updated_at          timestamptz NOT NULL
);

CREATE TABLE repository_sync_logs (
  id              uuid PRIMARY KEY,
  repository_id   uuid NOT NULL REFERENCES repositories (id) ON DELETE CASCADE,
  operation       text NOT NULL CONSTRAINT repository_sync_logs_operation_known CHECK (operation IN ('initial_scan', 'poll', 'sweep', 'webhook', 'ensure_labels', 'manual')),
  status          text NOT NULL CONSTRAINT repository_sync_logs_status_known CHECK (status IN ('changed', 'unchanged', 'failed')),
  message         text NOT NULL DEFAULT '',
  issues_seen     integer NOT NULL DEFAULT 0,
  issues_changed  integer NOT NULL DEFAULT 0,
  duration_ms     integer NOT NULL DEFAULT 0,
  at              timestamptz NOT NULL
);
