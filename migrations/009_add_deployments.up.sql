-- What should run and what does. Sole writer: orchestrator.

CREATE TABLE deployments (
  id                   uuid PRIMARY KEY,
  owner_kind           text NOT NULL CONSTRAINT deployments_owner_kind_known CHECK (owner_kind IN ('council', 'team')),
  owner_id             uuid NOT NULL,
  task_id              uuid NOT NULL REFERENCES tasks (id) ON DELETE RESTRICT,
  project              text,
  role                 text NOT NULL,
  slot                 integer NOT NULL DEFAULT 0,
  agent_id             text NOT NULL,
  profile_agent_id     text,
  runtime              text NOT NULL CONSTRAINT deployments_runtime_known CHECK (runtime IN ('swarm', 'process')),
  image                text NOT NULL,
  environment          jsonb NOT NULL DEFAULT '{}',
  join_token_sha256    text,
  desired              text NOT NULL CONSTRAINT deployments_desired_known CHECK (desired IN ('present', 'absent')),
  status               text NOT NULL CONSTRAINT deployments_status_known CHECK (status IN ('wanted', 'creating', 'running', 'healthy', 'draining', 'removed', 'failed')),
  reason               text,
  attempt              integer NOT NULL DEFAULT 1,
  generation           integer NOT NULL DEFAULT 1,
  runtime_ref          text,
  first_claim_at       timestamptz,
  healthy_deadline_at  timestamptz,
  retry_at             timestamptz,
  revision             integer NOT NULL DEFAULT 1,
  created_at           timestamptz NOT NULL,
  updated_at           timestamptz NOT NULL,
  CONSTRAINT deployments_seat_key UNIQUE (owner_kind, owner_id, role, slot),
  CONSTRAINT deployments_agent_id_key UNIQUE (agent_id)
);
CREATE INDEX idx_deployments_status ON deployments (status);
CREATE INDEX idx_deployments_owner ON deployments (owner_kind, owner_id);

-- The newest word of each council and team about itself, so that an older one, delivered late, starts nothing.
CREATE TABLE deployment_owners (
  owner_kind  text NOT NULL CONSTRAINT deployment_owners_owner_kind_known CHECK (owner_kind IN ('council', 'team')),
  owner_id    uuid NOT NULL,
  status      text NOT NULL,
  revision    integer NOT NULL,
  updated_at  timestamptz NOT NULL,
  PRIMARY KEY (owner_kind, owner_id)
);
