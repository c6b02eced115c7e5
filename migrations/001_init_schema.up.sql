-- Teams and agents. Sole writers: composer (teams, team_roles, team_assignments, composition_decisions), orchestrator (agents).
-- Primary keys are UUID version 7, made by the writer. States are text with a CHECK, times are timestamptz.

CREATE TABLE agents (
  id            uuid PRIMARY KEY,
  agent_id      text NOT NULL CONSTRAINT agents_agent_id_key UNIQUE CONSTRAINT agents_agent_id_form CHECK (agent_id ~ '^[a-zA-Z0-9_:-]{1,128}$'),
  name          text NOT NULL,
  role          text,
  capabilities  text[] NOT NULL DEFAULT '{}',
  model         text,
  endpoint      text,
  source        text NOT NULL CONSTRAINT agents_source_known CHECK (source IN ('registered', 'deployed')),
  status        text NOT NULL CONSTRAINT agents_status_known CHECK (status IN ('online', 'stale', 'offline')),
  activity      text NOT NULL DEFAULT 'idle' CONSTRAINT agents_activity_known CHECK (activity IN ('idle', 'working')),
  epoch         integer NOT NULL DEFAULT 1 CHECK (epoch >= 1),
  deployment_id uuid,
  council_id    uuid,
  team_id       uuid,
  last_claim    jsonb,
  last_seen     timestamptz,
  revision      integer NOT NULL DEFAULT 1,
  removed_at    timestamptz,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL
);

CREATE TABLE teams (
  id              uuid PRIMARY KEY,
  task_id         uuid NOT NULL,
  attempt         integer NOT NULL CHECK (attempt >= 1),
  name            text NOT NULL,
  project_name    text,
  strategy        text NOT NULL CONSTRAINT teams_strategy_known CHECK (strategy IN ('minimal_viable', 'balanced_standard')),
  status          text NOT NULL CONSTRAINT teams_status_known CHECK (status IN ('composing', 'composed', 'waiting', 'deployed', 'working', 'completed', 'failed', 'cancelled')),
  confidence      double precision NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  classification  jsonb NOT NULL,
  missing         jsonb NOT NULL DEFAULT '[]',
  reason          text,
  revision        integer NOT NULL DEFAULT 1,
  created_at      timestamptz NOT NULL,
  updated_at      timestamptz NOT NULL,
  CONSTRAINT teams_task_attempt_key UNIQUE (task_id, attempt)
);

CREATE TABLE team_roles (
  id              uuid PRIMARY KEY,
  team_id         uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  role            text NOT NULL CONSTRAINT team_roles_role_known CHECK (role IN ('executor', 'coordinator', 'reviewer')),
  required_skills jsonb NOT NULL DEFAULT '[]',
  CONSTRAINT team_roles_team_role_key UNIQUE (team_id, role)
);

CREATE TABLE team_assignments (
  id                uuid PRIMARY KEY,
  team_id           uuid NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  team_role_id      uuid NOT NULL REFERENCES team_roles (id) ON DELETE CASCADE,
  agent_id          text NOT NULL REFERENCES agents (agent_id) ON DELETE RESTRICT,
  score             double precision NOT NULL CHECK (score BETWEEN 0 AND 1),
  reasons           jsonb NOT NULL DEFAULT '[]',
  deployment_id     uuid,
  deployment_status text,
  status            text NOT NULL DEFAULT 'assigned' CONSTRAINT team_assignments_status_known CHECK (status IN ('assigned', 'joined', 'working', 'released')),
  assigned_at       timestamptz NOT NULL,
  CONSTRAINT team_assignments_seat_key UNIQUE (team_role_id)
);
