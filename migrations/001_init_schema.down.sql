DROP TABLE team_assignments;
DROP TABLE team_roles;
DROP TABLE teams;
DROP TABLE agents;
