import { type ReadMode } from '../config.ts';
import { type Entry, type SnapshotPoint } from '../message.ts';
import { type Peer } from './membership.ts';

/**
 * What the log is about. Lives in memory and is built anew from snapshot and log at each start; all three are called
 * one after the other, never at the same time. A throw stops the node, since the machines would differ from then on.
 */
export interface StateMachine {
  /** The next committed entry; entries without data are left out. Must depend on nothing but state and entry. */
  apply(entry: Entry): void;
  snapshot(): Uint8Array;
  restore(data: Uint8Array, point: SnapshotPoint): void;
}

/** Mutual TLS: each node's certificate names it (subject common name) and is signed by `ca`. PEM. */
export interface TlsFiles {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

export interface RaftTiming {
  readonly tickMs: number;
  readonly heartbeatTicks: number;
  readonly electionTicks: number;
  /** A lost leader's followers stand one after the other, this far apart; 0 = only timeouts find a lost leader. */
  readonly hintStepMs: number;
}

/** Heartbeat 30 ms, elections after 150–300 ms, a killed leader replaced after about 10 ms. */
export const RAFT_TIMING: RaftTiming = { tickMs: 10, heartbeatTicks: 3, electionTicks: 15, hintStepMs: 8 };

export interface RoleChange {
  readonly role: 'follower' | 'preCandidate' | 'candidate' | 'leader';
  readonly term: number;
  /** Name of the leader, when one is known. */
  readonly leader: string | undefined;
}

export interface RaftOptions {
  readonly clusterId: string;
  /** Name of this node; one of `peers`. */
  readonly node: string;
  /** All voters, this node included. A single one is a cluster too, without network. */
  readonly peers: readonly Peer[];
  readonly directory: string;
  readonly machine: StateMachine;
  /** Where to listen; this node's own address among `peers` when left out. */
  readonly bind?: { readonly host: string; readonly port: number };
  /** Shared by all nodes. Without it and without `tls` only loopback addresses are accepted. */
  readonly secret?: string;
  /**
   * The secret before this one, while a rotation lasts: nodes that are started with either connect in both directions.
   * Whoever knows it is heard until it is left out again.
   */
  readonly previousSecret?: string;
  readonly tls?: TlsFiles;
  readonly timing?: Partial<RaftTiming>;
  readonly readMode?: ReadMode;
  /** Seeds the election timeouts; `Math.random` when left out. */
  readonly random?: () => number;
  /** The log is compacted when its file is longer. */
  readonly compactAtBytes?: number;
  readonly onRole?: (change: RoleChange) => void;
  /** This node leads, and the first entry of its term is committed and applied: it knows all there is to know. */
  readonly onLeading?: (term: number) => void;
  /** The node has stopped for good: damaged log, failed disk, broken invariant. The process should end. */
  readonly onFailure: (failure: Error) => void;
}
