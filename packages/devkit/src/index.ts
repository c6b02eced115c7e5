/** Real servers and processes on one machine, for the dev run and for tests. */
export { startEmbeddedPostgres, generatedPassword } from './embedded-postgres.ts';
export type { EmbeddedPostgres, EmbeddedPostgresOptions } from './embedded-postgres.ts';
export { removeEmbeddedPostgresData } from './postgres-data.ts';
export { freePort, freePortNear } from './free-port.ts';
export { natsServerBinary, findNatsServer, NatsServerMissing } from './nats-server-binary.ts';
export type { NatsServerBinaryOptions } from './nats-server-binary.ts';
export { startNatsServer, type NatsServer, type NatsServerOptions } from './nats-server.ts';
export { OwnedProcess, type OwnedProcessOptions } from './owned-process.ts';
export {
  cacheDirectory,
  logDirectory,
  migrationsDirectory,
  repositoryRoot,
  stateDirectory,
} from './paths.ts';
export { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts';
export { withProgress, type Say } from './progress.ts';
export {
  AlreadyRunning,
  superviseProcesses,
  type Supervisor,
  type SupervisorOptions,
} from './supervise/supervisor.ts';
export { type ProcessSpec, type ProcessState } from './supervise/supervised-process.ts';
