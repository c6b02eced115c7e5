-- How far the deployment of a team is, beside the team's own state.

ALTER TABLE teams
  ADD COLUMN deployment_status text NOT NULL DEFAULT 'none'
    CONSTRAINT teams_deployment_status_known CHECK (deployment_status IN ('none', 'deploying', 'deployed', 'failed', 'removed'));
CREATE INDEX idx_teams_deployment_status ON teams (deployment_status);
