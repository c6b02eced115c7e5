DROP INDEX idx_teams_deployment_status;
ALTER TABLE teams DROP COLUMN deployment_status;
