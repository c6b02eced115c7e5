DROP TABLE composition_decisions;
ALTER TABLE teams DROP CONSTRAINT teams_task_id_fkey;
ALTER TABLE tasks DROP COLUMN assigned_team_id, DROP COLUMN repository, DROP COLUMN repository_id;
