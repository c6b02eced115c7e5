-- Tasks know their repository and their team; a team belongs to a task; why a team is as it is.
-- Keys across owners stay with ON DELETE RESTRICT: nothing that another service refers to is ever deleted.

ALTER TABLE tasks
  ADD COLUMN repository_id uuid REFERENCES repositories (id) ON DELETE RESTRICT,
  ADD COLUMN repository text,
  ADD COLUMN assigned_team_id uuid REFERENCES teams (id) ON DELETE RESTRICT;

ALTER TABLE teams
  ADD CONSTRAINT teams_task_id_fkey FOREIGN KEY (task_id) REFERENCES tasks (id) ON DELETE RESTRICT;

CREATE TABLE composition_decisions (
  team_id     uuid PRIMARY KEY REFERENCES teams (id) ON DELETE CASCADE,
  decision    jsonb NOT NULL,
  decided_at  timestamptz NOT NULL
);
