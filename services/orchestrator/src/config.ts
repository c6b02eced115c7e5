import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { trustProblems } from '@whoosh/backbeat-sdk/keys';
import {
  backbeatEnv,
  clusterProblems,
  databaseEnv,
  databaseProblems,
  loggingEnv,
  natsEnv,
  secret,
  tracingEnv,
  trustEnv,
} from '@whoosh/config';
import { voucherProblems } from './agent-keys.ts';

const JWT_SECRET_CHARACTERS_MIN = 32;
const AGENT_SIM = fileURLToPath(new URL('../../agent-sim/src/main.ts', import.meta.url));

export const Env = z.object({
  ...natsEnv,
  ...databaseEnv,
  ...backbeatEnv,
  ...trustEnv,
  ...loggingEnv,
  ...tracingEnv,
  WHOOSH_AUTH_JWT_SECRET: secret({ lengthMin: JWT_SECRET_CHARACTERS_MIN }).describe(
    'Signs the tokens of agents; the same at the gateway',
  ),
  WHOOSH_AGENT_RUNTIME: z
    .enum(['auto', 'process', 'none'])
    .default('auto')
    .describe('Where agents run; auto is processes in development and nothing elsewhere'),
  WHOOSH_AGENT_IMAGE: z.string().min(1).default('docker.io/anthonyrawlins/chorus:backbeat-v2.0.1'),
  WHOOSH_AGENT_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .default('http://127.0.0.1:8080')
    .describe('The gateway as agents reach it'),
  WHOOSH_AGENT_PROGRAM: z.string().min(1).default(AGENT_SIM).describe('What an agent process runs'),
  WHOOSH_AGENT_VOUCHER_KEY: secret()
    .optional()
    .describe(
      'Vouches for the key that each agent gets to sign with (Ed25519, PEM); without it they sign nothing',
    ),
  WHOOSH_STATE_DIR: z.string().min(1).default('.whoosh').describe('Holds the files of agent processes'),
});
export type Env = z.infer<typeof Env>;

export function problems(env: Partial<Env>): string[] {
  return [...databaseProblems(env), ...clusterProblems(env), ...trustProblems(env), ...voucherProblems(env)];
}

/** Handed on to agent processes as it is: where they find their way around, and how loud they are. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'TZ',
  'NODE_EXTRA_CA_CERTS',
  'NATS_USER',
  'NATS_PASSWORD',
  'NATS_PASSWORD_FILE',
  'BACKBEAT_KEYS',
  'BACKBEAT_KEYS_FILE',
  'BACKBEAT_REQUIRE_SIGNATURES',
  'LOG_LEVEL',
  'ENVIRONMENT',
  'WHOOSH_OPENTELEMETRY_ENABLED',
  'WHOOSH_OPENTELEMETRY_JAEGER_ENDPOINT',
  'WHOOSH_OPENTELEMETRY_SAMPLE_RATE',
  'WHOOSH_OPENTELEMETRY_ENVIRONMENT',
];

/** What every agent process gets, and nothing more of what this one knows: no secret but the broker's. */
export function agentProcessEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  world: { endpoint: string; natsUrl: string; cluster: string },
): Record<string, string> {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = own[name];
    // An agent process has a working directory of its own.
    return value ? [[name, name.endsWith('_FILE') ? resolve(value) : value] as const] : [];
  });
  return {
    ...Object.fromEntries(passedOn),
    WHOOSH_ENDPOINT: world.endpoint,
    CHORUS_BACKBEAT_NATS_URL: world.natsUrl,
    CHORUS_BACKBEAT_CLUSTER_ID: world.cluster,
    BACKBEAT_ADMIN_PORT: '0',
  };
}

export function stateDirectory(env: Pick<Env, 'WHOOSH_STATE_DIR'>): string {
  return resolve(env.WHOOSH_STATE_DIR);
}
