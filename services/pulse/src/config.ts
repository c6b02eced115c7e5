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
import { signingProblems } from '@whoosh/backbeat-sdk/keys';
import { backbeat } from '@whoosh/contracts';
import * as z from 'zod';
import { absoluteRange, isWithin, roundTempo, TEMPO_BPM_MAX, TEMPO_BPM_MIN } from './domain/tempo.ts';
import { type MetronomeSettings } from './metronome/messages.ts';
import { addressOf, NODE_FORM, NODE_PATTERN, peerOf, peerProblems } from './peer-address.ts';
import { raftProblems, raftProtection } from './raft-settings.ts';
import { rotationProblems } from './rotation-problems.ts';

const TEMPO_RANGE = { min: TEMPO_BPM_MIN, max: TEMPO_BPM_MAX };
const tempo = (byDefault: number) => number(byDefault, TEMPO_RANGE);

/** Every variable that pulse reads, beside those of the lifecycle; each is also a flag, see the README. */
export const PulseEnv = envSchema({
  ...natsEnv,
  ...backbeatEnv,
  BACKBEAT_NODE: z.string().regex(NODE_PATTERN, `must be ${NODE_FORM}`).optional(),
  BACKBEAT_RAFT_BIND: z.string().default('127.0.0.1:7420'),
  /** `name@host:port` of all nodes, this one included; none is a cluster of one. */
  BACKBEAT_RAFT_PEERS: list(),
  BACKBEAT_RAFT_SECRET: secret().optional(),
  /** Known as well while a rotation lasts. */
  BACKBEAT_RAFT_SECRET_PREVIOUS: secret().optional(),
  /** Mutual TLS on the Raft port, in PEM: all three or none. The certificate names the node. */
  BACKBEAT_RAFT_TLS_CERT: z.string().optional(),
  BACKBEAT_RAFT_TLS_KEY: secret().optional(),
  BACKBEAT_RAFT_TLS_CA: z.string().optional(),
  BACKBEAT_DATA_DIR: z.string().optional(),
  /** Ed25519 in PEM; frames are signed with it when it is there. */
  BACKBEAT_SIGNING_KEY: secret().optional(),
  /** What the header `Backbeat-Key` carries; this node's name when it is not set. */
  BACKBEAT_SIGNING_KEY_NAME: z.string().optional(),
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

function nodeName(env: Partial<PulseEnv>): string {
  return env.BACKBEAT_NODE ?? hostname().replaceAll(/[^A-Za-z0-9_.:-]/g, '-');
}

/** Between variables, beside what `runService` asks of every service. */
export function pulseProblems(env: Partial<PulseEnv>): string[] {
  const node = nodeName(env);
  return [
    ...clusterProblems(env),
    ...peerProblems(env.BACKBEAT_RAFT_PEERS ?? [], node),
    ...raftProblems(env, node),
    ...rotationProblems('BACKBEAT_ADMIN_TOKEN', env),
    ...tempoProblems(env),
    // It speaks for no agent.
    ...signingProblems(env, { nameByDefault: node, agentIds: [] }),
  ];
}

function tempoProblems(env: Partial<PulseEnv>): string[] {
  const { BACKBEAT_MIN_BPM: minBpm, BACKBEAT_MAX_BPM: maxBpm, BACKBEAT_BAR_LENGTH: barLength } = env;
  const bpm = env.BACKBEAT_BPM ?? env.BACKBEAT_TEMPO_BPM;
  if (minBpm === undefined || maxBpm === undefined || barLength === undefined || bpm === undefined) return [];
  if (minBpm > maxBpm) return [`BACKBEAT_MIN_BPM: must not be above BACKBEAT_MAX_BPM, ${maxBpm}`];
  const range = absoluteRange({ minBpm, maxBpm }, barLength);
  if (isWithin(roundTempo(bpm), range)) return [];
  const variable = env.BACKBEAT_BPM === undefined ? 'BACKBEAT_TEMPO_BPM' : 'BACKBEAT_BPM';
  const rule = `with these limits and bars of ${barLength} beats (at most 2 h)`;
  if (range.minBpm > range.maxBpm)
    return [`${variable}: ${rule} there is no tempo at all: shorter bars, or faster`];
  return [`${variable}: ${rule} it must be from ${range.minBpm} to ${range.maxBpm}`];
}

export function metronomeSettings(env: PulseEnv, version: string): MetronomeSettings {
  const node = nodeName(env);
  const cluster = clusterName(env);
  const raftBind = addressOf(env.BACKBEAT_RAFT_BIND) ?? { host: '127.0.0.1', port: 7420 };
  const peers = env.BACKBEAT_RAFT_PEERS.map(peerOf).filter((peer) => peer !== undefined);
  const auth = natsAuth(env);
  return {
    cluster,
    node,
    version,
    directory: env.BACKBEAT_DATA_DIR ?? join(env.WHOOSH_STATE_DIR, 'pulse', node.replaceAll(':', '_')),
    peers: peers.length > 0 ? peers : [{ name: node, ...raftBind }],
    raftBind,
    raftProtection: raftProtection(env),
    signing: env.BACKBEAT_SIGNING_KEY && {
      keyName: env.BACKBEAT_SIGNING_KEY_NAME ?? node,
      privateKey: env.BACKBEAT_SIGNING_KEY.reveal(),
    },
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
