ALTER TABLE tasks DROP COLUMN council_id;
DROP TABLE council_votes;
DROP TABLE council_rounds;
DROP TABLE council_artifacts;
DROP TABLE council_agents;
DROP TABLE councils;
