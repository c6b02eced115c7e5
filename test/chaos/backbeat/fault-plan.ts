/** What goes wrong when, decided by a seed alone. */
import { Random } from '@whoosh/stdx';

export type FaultKind =
  | 'kill_leader'
  | 'kill_pulse'
  | 'stop_leader_at_beat'
  | 'stop_pulse'
  | 'pull_raft'
  | 'pull_nats'
  | 'pull_both'
  | 'mute'
  | 'disk_full'
  | 'kill_reverb'
  | 'stop_reverb'
  | 'kill_broker'
  | 'stop_broker'
  | 'tempo';

export interface Fault {
  readonly kind: FaultKind;
  /** Picks among several of a kind. */
  readonly victim: number;
  readonly lengthMs: number;
  /** Against the next beat, for what is aimed at one. */
  readonly aimMs: number;
  /** Peace after it. */
  readonly pauseMs: number;
}

export interface Plan {
  readonly pulses: 3 | 5;
  readonly brokers: 1 | 3;
  readonly barLength: number;
  readonly faults: readonly Fault[];
}

type Range = readonly [min: number, max: number];
const LENGTHS: Readonly<Record<FaultKind, Range>> = {
  kill_leader: [20, 1_500],
  kill_pulse: [20, 1_500],
  stop_leader_at_beat: [5, 1_200],
  stop_pulse: [50, 1_200],
  pull_raft: [200, 1_800],
  pull_nats: [300, 2_500],
  pull_both: [300, 1_800],
  mute: [200, 1_500],
  disk_full: [300, 1_500],
  kill_reverb: [50, 1_500],
  stop_reverb: [100, 2_000],
  kill_broker: [500, 3_000],
  stop_broker: [300, 3_000],
  tempo: [0, 0],
};
const KINDS = Object.keys(LENGTHS) as [FaultKind, ...FaultKind[]];
const PAUSE_MS: Range = [200, 1_500];

/** Every kind at least once per plan, in an order of its own, and then by chance. */
export function planOf(seed: number, count: number): Plan {
  const random = new Random(seed);
  const pulses = random.pick([3, 3, 5] as const);
  const brokers = random.pick([3, 3, 1] as const);
  const barLength = random.pick([4, 4, 7]);
  const kinds = KINDS.filter((kind) => brokers === 3 || !kind.endsWith('_broker')) as [
    FaultKind,
    ...FaultKind[],
  ];
  const left = [...kinds];
  const faults = Array.from({ length: count }, (): Fault => {
    const kind = left.length > 0 ? left.splice(random.int(0, left.length - 1), 1)[0] : random.pick(kinds);
    const [min, max] = LENGTHS[kind ?? 'kill_leader'];
    return {
      kind: kind ?? 'kill_leader',
      victim: random.int(0, 1_000),
      lengthMs: random.int(min, max),
      aimMs: random.int(-4, 3),
      pauseMs: random.int(...PAUSE_MS),
    };
  });
  return { pulses, brokers, barLength, faults };
}
