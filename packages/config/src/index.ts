export { VARIABLE_NAMES } from './catalogue.ts';
export { ConfigError } from './config-error.ts';
export {
  envSchema,
  readEnv,
  type EnvOf,
  type EnvOfShape,
  type EnvSchema,
  type EnvShape,
  type EnvSource,
  type ReadEnvOptions,
} from './env.ts';
export {
  adminEnv,
  backbeatEnv,
  databaseEnv,
  loggingEnv,
  natsEnv,
  tracingEnv,
  trustEnv,
} from './fragments.ts';
export { nearestName } from './nearest-name.ts';
export {
  duration,
  flag,
  integer,
  list,
  number,
  port,
  requiredDuration,
  requiredInteger,
  requiredNumber,
  secret,
} from './pieces.ts';
export {
  clusterName,
  clusterProblems,
  databaseConfig,
  databaseProblems,
  environmentName,
  isDatabaseConfigured,
  isLogPretty,
  logLevel,
  natsAddressProblems,
  natsAuth,
  natsProblems,
  natsServers,
  type DatabaseConfig,
} from './resolve.ts';
export { Secret } from './secret.ts';
export { unknownVariables, type UnknownVariable } from './unknown-variables.ts';
