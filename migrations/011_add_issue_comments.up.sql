-- One comment per task and milestone: the row first, then Gitea, then the comment's id. Sole writer: monitor.

CREATE TABLE issue_comments (
  task_id           uuid NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
  attempt           integer NOT NULL,
  milestone         text NOT NULL,
  body              text NOT NULL,
  body_sha256       text NOT NULL,
  posted_sha256     text,
  gitea_comment_id  bigint,
  failures          integer NOT NULL DEFAULT 0,
  last_error        text,
  created_at        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL,
  PRIMARY KEY (task_id, attempt, milestone)
);
CREATE INDEX idx_issue_comments_unposted ON issue_comments (updated_at) WHERE posted_sha256 IS DISTINCT FROM body_sha256;
