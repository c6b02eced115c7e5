import { type Peer, type RaftTiming } from 'raft-ts/node';

/** What a Raft process of the benchmark is told. */
export interface RaftNodePlan {
  readonly node: string;
  readonly peers: readonly Peer[];
  /** Where it listens, when its peers reach it somewhere else. */
  readonly bindPort?: number;
  readonly directory: string;
  readonly timing?: Partial<RaftTiming>;
  readonly work: 'steady' | 'measured';
  readonly entryBytes: number;
  /** For measured work: entries proposed one after the other, and then so many at a time. */
  readonly single?: number;
  readonly batched?: { readonly entries: number; readonly outstanding: number };
}

/** What it says, a line of JSON each. */
export type RaftNodeLine =
  | { readonly type: 'up' }
  | {
      readonly type: 'role';
      readonly role: string;
      readonly term: number;
      readonly leader: string | null;
      readonly atMs: number;
    }
  /** The first entry of its own term is committed and applied. */
  | { readonly type: 'leading'; readonly term: number; readonly atMs: number }
  /** An entry of a measurement was not committed; it begins anew, here or at the next leader. */
  | { readonly type: 'interrupted'; readonly reason: string }
  | { readonly type: 'measured'; readonly singleMs: readonly number[]; readonly entriesPerSecond: number };
