-- The transactional outbox, the history of lives and what was processed, one set per service that owns lives.
-- Sole writer of <service>_*: that service.

CREATE TABLE monitor_outbox (
  id            uuid PRIMARY KEY,
  seq           bigserial NOT NULL CONSTRAINT monitor_outbox_seq_key UNIQUE,
  subject       text NOT NULL,
  headers       jsonb NOT NULL DEFAULT '{}',
  body          jsonb NOT NULL,
  life_id       text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  published_at  timestamptz
);
CREATE INDEX idx_monitor_outbox_unpublished ON monitor_outbox (seq) WHERE published_at IS NULL;
CREATE INDEX idx_monitor_outbox_published_at ON monitor_outbox (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE monitor_history (
  life        text NOT NULL,
  life_id     text NOT NULL,
  revision    integer NOT NULL,
  at          timestamptz NOT NULL,
  hlc         text NOT NULL,
  "by"        text NOT NULL,
  reason      text NOT NULL,
  from_state  text,
  to_state    text NOT NULL,
  input       jsonb,
  PRIMARY KEY (life, life_id, revision)
);
CREATE INDEX idx_monitor_history_life_id ON monitor_history (life_id, at);

CREATE TABLE monitor_processed (
  key         text PRIMARY KEY,
  kind        text NOT NULL CONSTRAINT monitor_processed_kind_known CHECK (kind IN ('idempotency', 'attempts')),
  attempts    integer NOT NULL DEFAULT 0,
  digest      text,
  reply       jsonb,
  at          timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL
);
CREATE INDEX idx_monitor_processed_expires_at ON monitor_processed (expires_at);

CREATE TABLE council_outbox (
  id            uuid PRIMARY KEY,
  seq           bigserial NOT NULL CONSTRAINT council_outbox_seq_key UNIQUE,
  subject       text NOT NULL,
  headers       jsonb NOT NULL DEFAULT '{}',
  body          jsonb NOT NULL,
  life_id       text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  published_at  timestamptz
);
CREATE INDEX idx_council_outbox_unpublished ON council_outbox (seq) WHERE published_at IS NULL;
CREATE INDEX idx_council_outbox_published_at ON council_outbox (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE council_history (
  life        text NOT NULL,
  life_id     text NOT NULL,
  revision    integer NOT NULL,
  at          timestamptz NOT NULL,
  hlc         text NOT NULL,
  "by"        text NOT NULL,
  reason      text NOT NULL,
  from_state  text,
  to_state    text NOT NULL,
  input       jsonb,
  PRIMARY KEY (life, life_id, revision)
);
CREATE INDEX idx_council_history_life_id ON council_history (life_id, at);

CREATE TABLE council_processed (
  key         text PRIMARY KEY,
  kind        text NOT NULL CONSTRAINT council_processed_kind_known CHECK (kind IN ('idempotency', 'attempts')),
  attempts    integer NOT NULL DEFAULT 0,
  digest      text,
  reply       jsonb,
  at          timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL
);
CREATE INDEX idx_council_processed_expires_at ON council_processed (expires_at);

CREATE TABLE composer_outbox (
  id            uuid PRIMARY KEY,
  seq           bigserial NOT NULL CONSTRAINT composer_outbox_seq_key UNIQUE,
  subject       text NOT NULL,
  headers       jsonb NOT NULL DEFAULT '{}',
  body          jsonb NOT NULL,
  life_id       text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  published_at  timestamptz
);
CREATE INDEX idx_composer_outbox_unpublished ON composer_outbox (seq) WHERE published_at IS NULL;
CREATE INDEX idx_composer_outbox_published_at ON composer_outbox (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE composer_history (
  life        text NOT NULL,
  life_id     text NOT NULL,
  revision    integer NOT NULL,
  at          timestamptz NOT NULL,
  hlc         text NOT NULL,
  "by"        text NOT NULL,
  reason      text NOT NULL,
  from_state  text,
  to_state    text NOT NULL,
  input       jsonb,
  PRIMARY KEY (life, life_id, revision)
);
CREATE INDEX idx_composer_history_life_id ON composer_history (life_id, at);

CREATE TABLE composer_processed (
  key         text PRIMARY KEY,
  kind        text NOT NULL CONSTRAINT composer_processed_kind_known CHECK (kind IN ('idempotency', 'attempts')),
  attempts    integer NOT NULL DEFAULT 0,
  digest      text,
  reply       jsonb,
  at          timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL
);
CREATE INDEX idx_composer_processed_expires_at ON composer_processed (expires_at);

CREATE TABLE orchestrator_outbox (
  id            uuid PRIMARY KEY,
  seq           bigserial NOT NULL CONSTRAINT orchestrator_outbox_seq_key UNIQUE,
  subject       text NOT NULL,
  headers       jsonb NOT NULL DEFAULT '{}',
  body          jsonb NOT NULL,
  life_id       text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  published_at  timestamptz
);
CREATE INDEX idx_orchestrator_outbox_unpublished ON orchestrator_outbox (seq) WHERE published_at IS NULL;
CREATE INDEX idx_orchestrator_outbox_published_at ON orchestrator_outbox (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE orchestrator_history (
  life        text NOT NULL,
  life_id     text NOT NULL,
  revision    integer NOT NULL,
  at          timestamptz NOT NULL,
  hlc         text NOT NULL,
  "by"        text NOT NULL,
  reason      text NOT NULL,
  from_state  text,
  to_state    text NOT NULL,
  input       jsonb,
  PRIMARY KEY (life, life_id, revision)
);
CREATE INDEX idx_orchestrator_history_life_id ON orchestrator_history (life_id, at);

CREATE TABLE orchestrator_processed (
  key         text PRIMARY KEY,
  kind        text NOT NULL CONSTRAINT orchestrator_processed_kind_known CHECK (kind IN ('idempotency', 'attempts')),
  attempts    integer NOT NULL DEFAULT 0,
  digest      text,
  reply       jsonb,
  at          timestamptz NOT NULL DEFAULT now(),
  expires_at  timestamptz NOT NULL
);
CREATE INDEX idx_orchestrator_processed_expires_at ON orchestrator_processed (expires_at);
