import * as z from 'zod';
import { signerFrom, signingProblems, trustProblems } from '@whoosh/backbeat-sdk/keys';
import { type Signer } from '@whoosh/backbeat-sdk';
import { backbeatEnv, clusterProblems, duration, integer } from '@whoosh/config';
import { natsAddressProblems, natsEnv, number, secret, trustEnv } from '@whoosh/config';
import { AgentId } from '@whoosh/contracts';
import { fleetProfile } from './domain/fleet-profiles.ts';

/** One process may play a whole fleet; more would only measure this machine. */
const AGENTS_MAX = 20_000;

const text = () => z.string().optional();

/** What a container or process of one agent is told, under the names that agents know. */
const soloEnv = {
  CHORUS_AGENT_NAME: text().describe('The role; set, it makes this process one agent instead of a fleet'),
  CHORUS_AGENT_ID: AgentId.optional(),
  CHORUS_COUNCIL_ID: z.uuid().optional(),
  CHORUS_TEAM_ID: z.uuid().optional(),
  CHORUS_TASK_ID: z.uuid().optional(),
  CHORUS_PROJECT: text(),
  CHORUS_PRIORITY: text(),
  CHORUS_TASK_TITLE: text(),
  CHORUS_TASK_DESC: text(),
  CHORUS_EXTERNAL_URL: text(),
  CHORUS_CAPABILITIES: text(),
  CHORUS_MODEL: text(),
  CHORUS_BACKBEAT_NATS_URL: text(),
  CHORUS_BACKBEAT_CLUSTER_ID: text(),
  WHOOSH_AGENT_TOKEN: secret().optional().describe('The join token of the deployment'),
  WHOOSH_AGENT_NONCE: text().describe('By which the orchestrator knows its own process again'),
  WHOOSH_AGENT_RECORD: text().describe('The file that stands for this process; without it the process ends'),
  TRACEPARENT: text(),
};

const fleetEnv = {
  BACKBEAT_AGENTS: integer(10, { min: 1, max: AGENTS_MAX }),
  BACKBEAT_SCORE: text().describe('A YAML file; the ordinary day when not given'),
  BACKBEAT_SEED: integer(1),
  BACKBEAT_RATE: number(1, { min: 0, max: 1 }).describe('Share of beats on which an agent reports'),
  BACKBEAT_DURATION: duration('0').describe('Ends by itself after this time; 0 plays on'),
  BACKBEAT_JOIN_STAGGER: duration('0').describe('Time between two agents that join'),
  BACKBEAT_AGENT_PREFIX: z
    .string()
    .regex(/^[a-zA-Z0-9_:-]{1,64}$/)
    .default('sim'),
  WHOOSH_SERVICE_TOKEN: secret().optional().describe('With an endpoint: the fleet registers its agents'),
};

export const Env = z.object({
  ...natsEnv,
  ...backbeatEnv,
  ...trustEnv,
  ...soloEnv,
  ...fleetEnv,
  BACKBEAT_SIGNING_KEY: secret().optional().describe('Signs what is said, for all agents of the process'),
  BACKBEAT_SIGNING_KEY_NAME: text().describe('The agent, or the prefix of the fleet, unless told'),
  WHOOSH_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
});
export type Env = z.infer<typeof Env>;

const SOLO_NEEDS = ['CHORUS_AGENT_ID', 'CHORUS_TASK_ID', 'WHOOSH_ENDPOINT', 'WHOOSH_AGENT_TOKEN'] as const;

/** What one agent needs beside its name. */
export function problems(env: Partial<Env>): string[] {
  const common = [
    ...clusterProblems(env),
    ...natsAddressProblems('CHORUS_BACKBEAT_NATS_URL', env.CHORUS_BACKBEAT_NATS_URL),
    ...trustProblems(env),
    ...signingProblems(env, { nameByDefault: keyName(env), agentIds: speakers(env) }),
  ];
  if (env.CHORUS_AGENT_NAME === undefined) return common;
  const missing = SOLO_NEEDS.filter((name) => env[name] === undefined).map((name) => `${name} is required`);
  const owners = [env.CHORUS_COUNCIL_ID, env.CHORUS_TEAM_ID].filter((id) => id !== undefined).length;
  const owner = owners === 1 ? [] : ['exactly one of CHORUS_COUNCIL_ID and CHORUS_TEAM_ID is required'];
  return [...common, ...missing, ...owner];
}

/** One key speaks for all agents of a process; a fleet's has the owner `<prefix>-*`, or what else they begin with. */
export function signerOf(env: Env): Signer | undefined {
  return signerFrom(env, keyName(env));
}

function keyName(env: Partial<Env>): string {
  return (env.CHORUS_AGENT_NAME && env.CHORUS_AGENT_ID) || (env.BACKBEAT_AGENT_PREFIX ?? '');
}

function speakers(env: Partial<Env>): string[] {
  if (env.CHORUS_AGENT_NAME !== undefined) {
    return env.CHORUS_AGENT_ID === undefined ? [] : [env.CHORUS_AGENT_ID];
  }
  const { BACKBEAT_AGENTS: agents = 0, BACKBEAT_AGENT_PREFIX: prefix } = env;
  if (prefix === undefined) return [];
  return Array.from({ length: agents }, (_, index) => fleetProfile(prefix, index).agentId);
}
