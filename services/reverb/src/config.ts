import { hostname } from 'node:os';
import { KeyFileError, PULSE_OWNER, readTrustedKeys, type SignaturePolicy } from '@whoosh/backbeat-sdk';
import {
  backbeatEnv,
  clusterProblems,
  databaseEnv,
  flag,
  integer,
  natsEnv,
  natsProblems,
} from '@whoosh/config';
import * as z from 'zod';
import { KeyRing } from './signatures/key-ring.ts';
import { type SignatureSettings } from './signatures/signature-rule.ts';

/** What reverb reads beside what every service reads; flags `--cluster --node --nats --bar-length --log-level`. */
export const Env = z.object({
  ...natsEnv,
  ...databaseEnv,
  ...backbeatEnv,
  BACKBEAT_NODE: z.string().min(1).max(128).default(hostname()),
  BACKBEAT_BAR_LENGTH: integer(4, { min: 1, max: 10_000 }),
  /** Whose signatures are believed, a line per key; usually `BACKBEAT_KEYS_FILE` or `--keys-file`. */
  BACKBEAT_KEYS: z
    .string()
    .transform((text, context) => {
      try {
        return readTrustedKeys(text);
      } catch (cause) {
        if (!(cause instanceof KeyFileError)) throw cause;
        context.addIssue({ code: 'custom', message: cause.message });
        return z.NEVER;
      }
    })
    .optional(),
  BACKBEAT_REQUIRE_SIGNATURES: flag(false),
});
export type Env = z.infer<typeof Env>;

export function checkEnv(env: Partial<Env>): string[] {
  const { BACKBEAT_REQUIRE_SIGNATURES: isRequired, BACKBEAT_KEYS: keys } = env;
  const problems = [...clusterProblems(env), ...natsProblems(env)];
  // Keys that cannot be read are a problem of their own, so that this one may stand beside it.
  if (isRequired === true && !isPulseTrusted(keys))
    problems.push(`BACKBEAT_REQUIRE_SIGNATURES: BACKBEAT_KEYS must have a key of ${PULSE_OWNER}`);
  return problems;
}

/** For claims and rotations. */
export function signatureSettings(env: Env): SignatureSettings | undefined {
  const { BACKBEAT_KEYS: keys, BACKBEAT_REQUIRE_SIGNATURES: isRequired } = env;
  return keys && { keys: new KeyRing(keys), isRequired };
}

/** For beats. */
export function signaturePolicy(env: Env): SignaturePolicy | undefined {
  const { BACKBEAT_KEYS: keys, BACKBEAT_REQUIRE_SIGNATURES: required } = env;
  return keys && { keys, required };
}

function isPulseTrusted(keys: SignaturePolicy['keys'] | undefined): boolean {
  return keys !== undefined && [...keys.values()].some(({ owner }) => owner === PULSE_OWNER);
}
