import {
  adminEnv,
  type EnvOfShape,
  type EnvSchema,
  type EnvShape,
  loggingEnv,
  requiredInteger,
  tracingEnv,
} from '@whoosh/config';

/** Admin ports as documented, so that a fresh installation needs none set. */
const ADMIN_PORTS: Readonly<Record<string, number>> = {
  pulse: 8081,
  reverb: 8082,
  gateway: 8090,
  monitor: 8091,
  composer: 8092,
  council: 8093,
  orchestrator: 8094,
  'agent-sim': 8095,
};
const BACKBEAT_SERVICES = new Set(['pulse', 'reverb', 'agent-sim']);
const PORT_MAX = 65_535;

const adminPort = () => requiredInteger({ min: 0, max: PORT_MAX }).optional();

/** What `runService` itself reads, for every service. */
export const lifecycleEnv = { ...adminEnv, ...loggingEnv, ...tracingEnv, WHOOSH_ADMIN_PORT: adminPort() };
export type LifecycleEnv = EnvOfShape<typeof lifecycleEnv>;

/** `BACKBEAT_ADMIN_PORT` (the flag `--admin-port`) for BACKBEAT's own, `WHOOSH_<SERVICE>_ADMIN_PORT` for the others. */
export function adminPortVariable(service: string): string {
  if (BACKBEAT_SERVICES.has(service)) return 'BACKBEAT_ADMIN_PORT';
  return `WHOOSH_${service.replaceAll('-', '_').toUpperCase()}_ADMIN_PORT`;
}

/** The service's own schema and what the lifecycle needs; where both name a variable, the service's reading holds. */
export function serviceSchema(own: EnvSchema, portVariable: string): EnvSchema {
  const added: EnvShape = { ...lifecycleEnv, [portVariable]: adminPort() };
  const missing = Object.entries(added).filter(([name]) => !Object.hasOwn(own.shape, name));
  return own.safeExtend(Object.fromEntries(missing));
}

/** The specific variable, then `WHOOSH_ADMIN_PORT`, then the documented port, else a free one. */
export function adminPortOf(
  env: Readonly<Record<string, unknown>>,
  portVariable: string,
  service: string,
): number {
  const chosen = env[portVariable] ?? env['WHOOSH_ADMIN_PORT'] ?? ADMIN_PORTS[service] ?? 0;
  return Number(chosen);
}
