import { hostname } from 'node:os';
import { claimSignatures, type SignatureSettings } from '@whoosh/backbeat-sdk/claim-signatures';
import { signaturePolicy, trustProblems } from '@whoosh/backbeat-sdk/keys';
import { backbeatEnv, clusterProblems, databaseEnv, integer, natsEnv, trustEnv } from '@whoosh/config';
import * as z from 'zod';

/**
 * What reverb reads beside what every service reads; flags
 * `--cluster --node --nats --bar-length --keys-file --require-signatures --log-level`.
 */
export const Env = z.object({
  ...natsEnv,
  ...databaseEnv,
  ...backbeatEnv,
  ...trustEnv,
  BACKBEAT_NODE: z.string().min(1).max(128).default(hostname()),
  BACKBEAT_BAR_LENGTH: integer(4, { min: 1, max: 10_000 }),
});
export type Env = z.infer<typeof Env>;

export function problems(env: Partial<Env>): string[] {
  return [...clusterProblems(env), ...trustProblems(env)];
}

/** For claims and rotations; for beats it is the policy itself. */
export function signatureSettings(env: Env): SignatureSettings | undefined {
  return claimSignatures(signaturePolicy(env));
}
