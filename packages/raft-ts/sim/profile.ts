import { Random } from './random.ts';

/**
 * `plain`: the settings we ship, short, thousands of seeds a minute. `drawn`: every parameter drawn per seed, since rare
 * combinations are reached by none of them being typical; long, and held to its liveness over ten election timeouts.
 */
export type ProfileKind = 'plain' | 'drawn';

/** The parameters of one run. */
export interface Profile {
  readonly kind: ProfileKind;
  readonly nodes: number;
  readonly quiet: boolean;
  readonly durationMs: number;
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  readonly lease: boolean;
  readonly hints: boolean;
  /** Clocks run at 1 ± this. */
  readonly rateSpread: number;
  readonly delayMs: readonly [number, number];
  readonly loss: number;
  readonly duplication: number;
  readonly fsyncMs: readonly [number, number];
  /** Mean time between such events; infinite = never. */
  readonly partitionEveryMs: number;
  readonly crashEveryMs: number;
  readonly transferEveryMs: number;
  readonly campaignEveryMs: number;
  readonly hintEveryMs: number;
  /** Chance of a crash at each of the points where most is at stake. */
  readonly crashAtPoint: number;
  readonly downMs: number;
  readonly proposalsPerTick: number;
  readonly readsPerTick: number;
  readonly maxEntries: number;
  readonly maxInflight: number;
  /** Applied entries after which a node compacts its log; 0 = never. */
  readonly compactEvery: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export function profileOf(seed: number, kind: ProfileKind): Profile {
  return kind === 'plain' ? plainProfile(seed) : drawnProfile(seed);
}

function plainProfile(seed: number): Profile {
  return {
    kind: 'plain',
    nodes: seed % 4 === 0 ? 5 : 3,
    quiet: false,
    durationMs: 2_000,
    tickMs: 10,
    electionTicks: 15,
    heartbeatTicks: 3,
    preVote: true,
    checkQuorum: true,
    lease: false,
    hints: true,
    rateSpread: 0.01,
    delayMs: [0.1, 8],
    loss: 0.05,
    duplication: 0.05,
    fsyncMs: [0.1, 5],
    partitionEveryMs: 250,
    crashEveryMs: 300,
    transferEveryMs: 500,
    campaignEveryMs: NEVER,
    hintEveryMs: NEVER,
    crashAtPoint: 0.01,
    downMs: 120,
    proposalsPerTick: 0.1,
    readsPerTick: 0.05,
    maxEntries: 64,
    maxInflight: 64,
    compactEvery: 12,
  };
}

function drawnProfile(seed: number): Profile {
  const random = new Random(seed ^ 0x5eed);
  const quiet = random.chance(0.12);
  const lease = random.chance(0.3);
  const safe = quiet || lease;
  const rateSpread = random.pick([0, 0.01, 0.3]);
  const faulty = !quiet;
  const or = (value: number): number => (faulty ? value : NEVER);
  return {
    kind: 'drawn',
    nodes: random.pick([3, 3, 3, 5, 5, 4, 2, 1]),
    quiet,
    durationMs: 4_000,
    tickMs: 10,
    electionTicks: random.pick([10, 15]),
    heartbeatTicks: random.pick([1, 2, 3]),
    preVote: quiet || random.chance(0.75),
    checkQuorum: safe || random.chance(0.75),
    lease,
    hints: !lease && random.chance(0.5),
    rateSpread: quiet ? Math.min(rateSpread, 0.01) : rateSpread,
    delayMs: quiet
      ? [0.1, 3]
      : random.pick([
          [0.1, 1],
          [0.1, 10],
          [0.1, 60],
        ]),
    loss: faulty ? random.pick([0, 0.02, 0.2]) : 0,
    duplication: random.pick([0, 0.1]),
    fsyncMs: quiet
      ? [0.1, 2]
      : random.pick([
          [0.1, 1],
          [0.2, 20],
        ]),
    partitionEveryMs: or(random.pick([NEVER, 250, 1_000])),
    crashEveryMs: or(random.pick([NEVER, 250, 1_000])),
    transferEveryMs: or(random.pick([NEVER, 400])),
    campaignEveryMs: or(random.pick([NEVER, NEVER, 200])),
    hintEveryMs: random.pick([NEVER, 300]),
    crashAtPoint: faulty ? random.pick([0, 0, 0.02]) : 0,
    downMs: random.pick([60, 800]),
    proposalsPerTick: random.pick([0.02, 0.05, 0.15]),
    readsPerTick: random.pick([0, 0.05]),
    maxEntries: random.pick([1, 2, 64]),
    maxInflight: random.pick([1, 3, 64]),
    compactEvery: random.pick([0, 0, 5, 20]),
  };
}
