import { hostname } from 'node:os';
import { backbeatEnv, clusterProblems, databaseEnv, integer, natsEnv } from '@whoosh/config';
import * as z from 'zod';

/** What reverb reads beside what every service reads; flags `--cluster --node --nats --bar-length --log-level`. */
export const Env = z.object({
  ...natsEnv,
  ...databaseEnv,
  ...backbeatEnv,
  BACKBEAT_NODE: z.string().min(1).max(128).default(hostname()),
  BACKBEAT_BAR_LENGTH: integer(4, { min: 1, max: 10_000 }),
});

export const checkEnv = clusterProblems;
