import { type Refusal } from '@whoosh/backbeat-sdk/rules';
import { type RaftOptions } from 'raft-ts/node';
import { type RampStep } from '../domain/tempo-plan.ts';
import { type TempoRange } from '../domain/tempo.ts';

/** What the two threads of a pulse say to each other. */

export interface MetronomeSettings {
  readonly cluster: string;
  readonly node: string;
  readonly version: string;
  readonly directory: string;
  readonly peers: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  readonly raftBind: { readonly host: string; readonly port: number };
  /** What keeps strangers off the Raft port; empty between nodes of one machine. */
  readonly raftProtection: Pick<RaftOptions, 'secret' | 'previousSecret' | 'tls'>;
  /** What frames are signed with: the name that others know the key by, and the key in PEM. */
  readonly signing?: { readonly keyName: string; readonly privateKey: string } | undefined;
  readonly natsServers: readonly string[];
  readonly natsAuth: { readonly user: string; readonly pass: string } | undefined;
  readonly subject: string;
  readonly tempoBpm: number;
  readonly barLength: number;
  readonly limits: TempoRange;
}

/** `malformed` and `foreign` are no frames of the cluster at all. */
export type FrameRefusal = Refusal | 'malformed' | 'foreign';

export type Role = 'leader' | 'follower' | 'candidate' | 'precandidate';

/** One moment of the metronome, complete in itself. */
export interface Picture {
  readonly role: Role;
  readonly term: number;
  readonly leader: string | null;
  readonly hasQuorum: boolean;
  readonly epoch: number | null;
  readonly beat: {
    readonly index: number;
    readonly phase: 'planning' | 'execution' | 'review';
    readonly downbeat: boolean;
    readonly windowId: string;
  } | null;
  readonly tempoBpm: number | null;
  readonly targetBpm: number | null;
  readonly ramp: { readonly targetBpm: number; readonly steps: readonly RampStep[] } | null;
  /** What may follow on the present tempo at once, and what a ramp may lead to. */
  readonly tempoRange: TempoRange | null;
  readonly rampRange: TempoRange | null;
  readonly barLength: number | null;
  readonly hlc: string;
  readonly driftMs: number | null;
  readonly jitterMs: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
  readonly degraded: boolean;
  readonly reason: string | null;
  readonly peers: readonly {
    readonly id: string;
    readonly address: string;
    readonly connected: boolean;
    readonly self: boolean;
  }[];
  readonly nats: readonly { readonly server: string; readonly connected: boolean }[];
  readonly leadMs: number;
  readonly logBytes: number;
}

export type MetronomeRequest =
  | { readonly op: 'picture' }
  | { readonly op: 'set_tempo'; readonly tempoBpm: number; readonly ramp: boolean }
  | { readonly op: 'cancel_ramp' };

export interface TempoTaken {
  readonly tempoBpm: number;
  readonly targetBpm: number;
  readonly atBeat: number;
  readonly atMs: number;
  readonly ramp: boolean;
}

export type MetronomeReply =
  | { readonly kind: 'picture'; readonly picture: Picture }
  | { readonly kind: 'tempo'; readonly taken: TempoTaken }
  | { readonly kind: 'ramp_cancelled'; readonly cancelled: boolean }
  | { readonly kind: 'out_of_range'; readonly range: TempoRange; readonly presentBpm: number }
  /** Ask that node, or nobody can be asked at the moment. */
  | { readonly kind: 'elsewhere'; readonly leader: string | null }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** To the metronome. */
export type Order =
  | { readonly type: 'ask'; readonly id: number; readonly request: MetronomeRequest }
  | { readonly type: 'stop' };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** From the metronome. */
export type Notice =
  | { readonly type: 'started'; readonly picture: Picture }
  | { readonly type: 'answer'; readonly id: number; readonly reply: MetronomeReply }
  /** This node sent a beat, so late (negative: early). */
  | {
      readonly type: 'sent';
      readonly index: number;
      readonly lateMs: number;
      readonly missed: number;
      readonly tempoBpm: number;
      readonly beatMs: number;
    }
  /** A beat was heard, whoever sent it; `deliveryMs` for own ones. */
  | {
      readonly type: 'heard';
      readonly index: number;
      readonly tempoBpm: number;
      readonly deliveryMs: number | null;
      readonly driftMs: number | null;
    }
  | { readonly type: 'hedged' }
  /** A frame was heard that does not count. */
  | { readonly type: 'ignored'; readonly reason: FrameRefusal }
  /** Raft connections were refused, so many since the last notice. */
  | { readonly type: 'raft_refused'; readonly reason: string; readonly count: number }
  | { readonly type: 'reconnected' }
  | { readonly type: 'role'; readonly picture: Picture }
  | { readonly type: 'committed'; readonly ms: number }
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string; readonly fields: object }
  | { readonly type: 'stopped' };
