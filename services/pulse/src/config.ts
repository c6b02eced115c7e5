import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  backbeatEnv,
  clusterName,
  clusterProblems,
  type EnvOf,
  envSchema,
  integer,
  list,
  natsAuth,
  natsEnv,
  natsServers,
  number,
  requiredNumber,
  secret,
} from '@whoosh/config';
import { backbeat } from '@whoosh/contracts';
import * as z from 'zod';
import { absoluteRange, isWithin, roundTempo, TEMPO_BPM_MAX, TEMPO_BPM_MIN } from './domain/tempo.ts';
import { type MetronomeSettings } from './metronome/messages.ts';

const NODE_PATTERN = /^[A-Za-z0-9_.:-]{1,128}$/;
const TEMPO_RANGE = { min: TEMPO_BPM_MIN, max: TEMPO_BPM_MAX };
const tempo = (byDefault: number) => number(byDefault, TEMPO_RANGE);

/** Every variable that pulse reads, beside those of the lifecycle; each is also a flag, see the README. */
export const PulseEnv = envSchema({
  ...natsEnv,
  ...backbeatEnv,
  BACKBEAT_NODE: z.string().regex(NODE_PATTERN, 'must be 1 to 128 of A-Z a-z 0-9 _ . : -').optional(),
  BACKBEAT_RAFT_BIND: z.string().default('127.0.0.1:7420'),
  /** `name@host:port` of all nodes, this one included; none is a cluster of one. */
  BACKBEAT_RAFT_PEERS: list(),
  BACKBEAT_RAFT_SECRET: secret().optional(),
  BACKBEAT_DATA_DIR: z.string().optional(),
  BACKBEAT_BAR_LENGTH: integer(4, { min: 1, max: 10_000 }),
  /** `--bpm`; wins over the longer name. */
  BACKBEAT_BPM: requiredNumber(TEMPO_RANGE).optional(),
  BACKBEAT_TEMPO_BPM: tempo(2),
  BACKBEAT_MIN_BPM: tempo(TEMPO_BPM_MIN),
  BACKBEAT_MAX_BPM: tempo(TEMPO_BPM_MAX),
  BACKBEAT_ADMIN_TOKEN: secret().optional(),
  BACKBEAT_ADMIN_TOKEN_PREVIOUS: secret().optional(),
  /** Where the data folder goes when none is named. */
  WHOOSH_STATE_DIR: z.string().default('.whoosh'),
});
export type PulseEnv = Readonly<EnvOf<typeof PulseEnv>>;

interface Address {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[v6]:port` or `:port`. */
function addressOf(text: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return undefined;
  return { host: bracketed ?? (plain === '' || plain === undefined ? '0.0.0.0' : plain), port };
}

function peerOf(text: string): ({ readonly name: string } & Address) | undefined {
  const at = text.indexOf('@');
  const name = text.slice(0, at);
  const address = at < 1 ? undefined : addressOf(text.slice(at + 1));
  return address === undefined || !NODE_PATTERN.test(name) ? undefined : { name, ...address };
}

function nodeName(env: Partial<PulseEnv>): string {
  return env.BACKBEAT_NODE ?? hostname().replaceAll(/[^A-Za-z0-9_.:-]/g, '-');
}

export function pulseProblems(env: Partial<PulseEnv>): string[] {
  const problems = clusterProblems(env);
  if (env.BACKBEAT_RAFT_BIND !== undefined && addressOf(env.BACKBEAT_RAFT_BIND) === undefined) {
    problems.push('BACKBEAT_RAFT_BIND: must be host:port');
  }
  const peers = env.BACKBEAT_RAFT_PEERS ?? [];
  if (peers.some((text) => peerOf(text) === undefined)) {
    problems.push('BACKBEAT_RAFT_PEERS: must be name@host:port, divided by commas');
  } else if (peers.length > 0 && !peers.some((text) => peerOf(text)?.name === nodeName(env))) {
    problems.push(`BACKBEAT_RAFT_PEERS: must include this node, ${nodeName(env)}`);
  }
  return [...problems, ...tempoProblems(env)];
}

function tempoProblems(env: Partial<PulseEnv>): string[] {
  const { BACKBEAT_MIN_BPM: minBpm, BACKBEAT_MAX_BPM: maxBpm, BACKBEAT_BAR_LENGTH: barLength } = env;
  const bpm = env.BACKBEAT_BPM ?? env.BACKBEAT_TEMPO_BPM;
  if (minBpm === undefined || maxBpm === undefined || barLength === undefined || bpm === undefined) return [];
  const range = absoluteRange({ minBpm, maxBpm }, barLength);
  if (isWithin(roundTempo(bpm), range)) return [];
  return [
    `BACKBEAT_TEMPO_BPM: with these limits and bars of ${barLength} beats (at most 2 h) it must be from ${range.minBpm} to ${range.maxBpm}`,
  ];
}

export function metronomeSettings(env: PulseEnv, version: string): MetronomeSettings {
  const node = nodeName(env);
  const cluster = clusterName(env);
  const raftBind = addressOf(env.BACKBEAT_RAFT_BIND) ?? { host: '127.0.0.1', port: 7420 };
  const peers = env.BACKBEAT_RAFT_PEERS.map((text) => peerOf(text)).filter((peer) => peer !== undefined);
  const auth = natsAuth(env);
  return {
    cluster,
    node,
    version,
    directory: env.BACKBEAT_DATA_DIR ?? join(env.WHOOSH_STATE_DIR, 'pulse', node.replaceAll(':', '_')),
    peers: peers.length > 0 ? peers : [{ name: node, ...raftBind }],
    raftBind,
    raftSecret: env.BACKBEAT_RAFT_SECRET?.reveal(),
    natsServers: natsServers(env)
      .split(',')
      .map((server) => server.trim())
      .filter((server) => server !== ''),
    natsAuth: auth && { user: auth.user, pass: auth.password.reveal() },
    subject: backbeat.beats.subject.at({ cluster }),
    tempoBpm: roundTempo(env.BACKBEAT_BPM ?? env.BACKBEAT_TEMPO_BPM),
    barLength: env.BACKBEAT_BAR_LENGTH,
    limits: { minBpm: env.BACKBEAT_MIN_BPM, maxBpm: env.BACKBEAT_MAX_BPM },
  };
}
