import { type NodeId } from './message.ts';

/**
 * How a read is made linearizable (thesis §6.4): `safe` asks a quorum each time; `lease` answers from the lease, and
 * in exchange keeps every promise the lease rests on: no forgotten leaders, no early campaigns, no votes shortly
 * after a restart, and a leader whose transfer failed steps down.
 */
export type ReadMode = 'safe' | 'lease';

export interface RaftConfig {
  readonly id: NodeId;
  /** All voters, this node included. Fixed for the life of the cluster. */
  readonly peers: readonly NodeId[];
  /** A follower campaigns after a random time of one to two of these. Ten heartbeats, and 10 round trips, is wise. */
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  /** Ask before raising the term, so that a returning node does not depose a working leader (thesis §9.6). */
  readonly preVote: boolean;
  /** A leader that hears no quorum for an election time steps down; followers of a live leader refuse votes. */
  readonly checkQuorum: boolean;
  /** Bytes of entries per append, and of committed entries per `Ready`; one entry always passes. */
  readonly maxBytesPerMessage: number;
  readonly maxEntriesPerMessage: number;
  /** Appends under way to one follower before it has answered. */
  readonly maxInflightMessages: number;
  /** Bytes of proposals that may wait for their commit; beyond it `propose` answers `overloaded`. */
  readonly maxUncommittedBytes: number;
  /** Bytes of one proposal. */
  readonly maxEntryBytes: number;
  /** Reads that may wait for their confirmation. */
  readonly maxPendingReads: number;
  /** A snapshot that is not answered for this long is sent again. Longer than its transfer takes. */
  readonly snapshotRetryTicks: number;
  readonly readMode: ReadMode;
  /** In ticks; at most `electionTicks` - 1. Shorten it by the bound on the drift between the nodes' tick rates. */
  readonly leaseTicks: number;
  /** Uniform in [0, 1); the only chance in the core, given by the caller so that a run can be repeated. */
  readonly random: () => number;
  /** Index up to which the state machine has already applied the log; not handed out again. */
  readonly applied: number;
}

export type RaftOptions = Pick<RaftConfig, 'id' | 'peers' | 'random'> & Partial<RaftConfig>;

const KIB = 1024;
const MIB = KIB * KIB;

/** Fills the defaults in: a tick of 10 ms gives a heartbeat of 30 ms and elections after 150–300 ms. */
export function raftConfig(options: RaftOptions): RaftConfig {
  const electionTicks = options.electionTicks ?? 15;
  return {
    heartbeatTicks: 3,
    preVote: true,
    checkQuorum: true,
    maxBytesPerMessage: MIB,
    maxEntriesPerMessage: 4096,
    maxInflightMessages: 256,
    maxUncommittedBytes: 64 * MIB,
    maxEntryBytes: MIB,
    maxPendingReads: 1024,
    snapshotRetryTicks: 10 * electionTicks,
    readMode: 'safe',
    leaseTicks: Math.max(1, electionTicks - 1),
    applied: 0,
    ...options,
    electionTicks,
  };
}

export class RaftConfigError extends Error {
  override readonly name = 'RaftConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`raft configuration: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

const POSITIVE: readonly (keyof RaftConfig)[] = [
  'electionTicks',
  'heartbeatTicks',
  'maxBytesPerMessage',
  'maxEntriesPerMessage',
  'maxInflightMessages',
  'maxUncommittedBytes',
  'maxEntryBytes',
  'maxPendingReads',
  'snapshotRetryTicks',
  'leaseTicks',
];

function isPositiveInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** Everything that is wrong with a configuration; empty when it may be used. */
export function configProblems(config: RaftConfig): readonly string[] {
  const problems: string[] = [];
  const check = (good: boolean, problem: string): void => {
    if (!good) problems.push(problem);
  };
  for (const name of POSITIVE) check(isPositiveInteger(config[name]), `${name} must be a positive integer`);
  check(config.peers.every(isPositiveInteger), 'peers must be positive integers');
  check(new Set(config.peers).size === config.peers.length, 'peers must differ');
  check(config.peers.includes(config.id), 'peers must include the node itself');
  check(config.electionTicks > config.heartbeatTicks, 'electionTicks must be above heartbeatTicks');
  check(config.readMode === 'safe' || config.checkQuorum, 'readMode lease needs checkQuorum');
  check(
    config.electionTicks === 1 || config.leaseTicks < config.electionTicks,
    'leaseTicks must be below electionTicks',
  );
  check(Number.isSafeInteger(config.applied) && config.applied >= 0, 'applied must not be negative');
  return problems;
}

export function validate(config: RaftConfig): void {
  const problems = configProblems(config);
  if (problems.length > 0) throw new RaftConfigError(problems);
}
