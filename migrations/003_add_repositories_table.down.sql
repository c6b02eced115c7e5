DROP TABLE repository_sync_logs;
DROP TABLE repositories;
