DROP TABLE deployment_owners;
DROP TABLE deployments;
