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
export { readDevSettings, DevSettingsError, type DevSettings } from './dev/dev-settings.ts';
export { readDevFile, type DevFile } from './dev/dev-file.ts';
export { startDevRun, type DevRun } from './dev/start-dev-run.ts';
export { openSampleBrief, sampleRepository, type Issue } from './dev/gitea-brief.ts';
export { reportWithAgents, type BarReport } from './dev/first-report.ts';
export { deployedCouncilAgents, type MainJob } from './dev/main-job.ts';
export { addSampleRepository, runMainJob, type Finished } from './dev/watch-main-job.ts';
export { Rest, RestFailure } from './dev/rest.ts';
export { serverSentEvents, type ServerSentEvent } from './dev/server-sent-events.ts';
