-- One index per question that is asked often.

CREATE INDEX idx_agents_status_last_seen ON agents (status, last_seen);
CREATE INDEX idx_repositories_full_name_lookup ON repositories (full_name);
CREATE INDEX idx_repositories_last_issue_sync ON repositories (last_issue_sync);
CREATE INDEX idx_repository_sync_logs_repository_at ON repository_sync_logs (repository_id, at DESC);
CREATE INDEX idx_tasks_external_source_lookup ON tasks (external_id, source_type);
CREATE INDEX idx_tasks_repository_id ON tasks (repository_id);
CREATE INDEX idx_tasks_assigned_team_id ON tasks (assigned_team_id);
CREATE INDEX idx_tasks_status ON tasks (status);
CREATE INDEX idx_teams_status ON teams (status);
CREATE INDEX idx_team_assignments_agent_id ON team_assignments (agent_id);
CREATE INDEX idx_councils_status ON councils (status);
CREATE INDEX idx_council_agents_agent_id ON council_agents (agent_id);
