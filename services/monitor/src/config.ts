import * as z from 'zod';
import {
  backbeatEnv,
  databaseEnv,
  databaseProblems,
  duration,
  flag,
  integer,
  natsEnv,
  secret,
} from '@whoosh/config';

/** What the monitor reads from its environment. Outside addresses and secrets have no default. */
export const MonitorEnv = z.object({
  ...natsEnv,
  ...databaseEnv,
  ...backbeatEnv,
  WHOOSH_GITEA_BASE_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s) address' }),
  WHOOSH_GITEA_TOKEN: secret(),
  WHOOSH_GITEA_WEBHOOK_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s) address' }).optional(),
  WHOOSH_GITEA_WEBHOOK_TOKEN: secret().optional(),
  WHOOSH_GITEA_EAGER_FILTER: flag(true),
  WHOOSH_GITEA_FULL_RESCAN: flag(false),
  WHOOSH_GITEA_DEBUG_URLS: flag(false),
  WHOOSH_GITEA_MAX_RETRIES: integer(3, { min: 0, max: 10 }),
  WHOOSH_GITEA_RETRY_DELAY: duration('2s'),
  WHOOSH_GITEA_COMMENTS: flag(true),
  WHOOSH_MONITOR_POLL_INTERVAL: duration('3s'),
  WHOOSH_MONITOR_SWEEP_INTERVAL: duration('1h'),
});
export type MonitorEnv = z.infer<typeof MonitorEnv>;

/** Requirements between variables. */
export function monitorProblems(env: Partial<MonitorEnv>): string[] {
  const problems = databaseProblems(env);
  if (env.WHOOSH_GITEA_WEBHOOK_URL !== undefined && env.WHOOSH_GITEA_WEBHOOK_TOKEN === undefined) {
    problems.push(
      'WHOOSH_GITEA_WEBHOOK_TOKEN is required with WHOOSH_GITEA_WEBHOOK_URL: a hook without a secret would be refused at our own door',
    );
  }
  return problems;
}
