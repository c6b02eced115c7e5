import { type Random } from '@whoosh/stdx';
import { type FuzzTarget, mutateMessage } from '@whoosh/stdx/testing';
import { decodeFull, decodeWire, encodeFull, isTimestamp } from 'hlc-ts';
import { judge, type FencePoint, readFrame } from '../../src/index.ts';

const CLUSTER = 'chorus-production';

function sampleFrame(random: Random): Record<string, unknown> {
  return {
    type: 'backbeat.beatframe.v1',
    cluster_id: CLUSTER,
    beat_index: random.int(0, 40),
    downbeat: random.chance(0.25),
    phase: random.pick(['planning', 'execution', 'review', 'plan', 'execute']),
    hlc: '7ffd:0001:beef',
    deadline_at: '2026-01-15T10:30:00Z',
    tempo_bpm: random.pick([0.1, 2, 120, 1_000]),
    window_id: '7e9b0e6c4c9a4e59b7f2d9a3c1b2e4d5',
    metadata: {
      epoch: random.int(1, 3),
      at: 1_700_000_000_000.25,
      term: random.int(0, 5),
      bar_length: random.pick([1, 4, 10_000]),
      missed_beats: 0,
      other: { open: true },
    },
  };
}

function must(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what());
}

/** What passes the reader is usable in every number, and behind the fence time never goes back. */
function newListener(): FuzzTarget {
  let last: FencePoint | undefined;
  return (random) => {
    const payload = mutateMessage(random, sampleFrame(random));
    const reading = readFrame(payload, undefined, { clusterId: CLUSTER });
    if (!reading.ok) return false;
    const { frame } = reading;
    const text = (): string => Buffer.from(payload).toString().slice(0, 2_000);
    const { epoch, term, index, barLength, tempoBpm, deadlineAtMs, at } = frame;
    must(
      [epoch, term, index].every((each) => Number.isSafeInteger(each) && each >= 0),
      text,
    );
    must(barLength >= 1 && barLength <= 10_000 && tempoBpm >= 0.1 && tempoBpm <= 1_000, text);
    must(Number.isFinite(deadlineAtMs) && (at === undefined || Number.isFinite(at)), text);
    must(frame.clusterId === CLUSTER, text);
    if (judge(last, frame) !== 'pass') return true;
    must(last === undefined || epoch > last.epoch || (term >= last.term && index > last.index), text);
    // A frame from the far end of what is allowed would end the game.
    last = index > 1_000 || term > 1_000 || epoch > 1_000 ? undefined : { epoch, term, index };
    return true;
  };
}

const WIRE = /^[0-9a-f]{4}:[0-9a-f]{4}:[0-9a-f]{4}$/i;
const FULL = /^[0-9a-f]{12}:[0-9a-f]{4}:[0-9a-f]{4}$/i;

/** Every text of the pattern is a timestamp, no other is. */
function hlc(random: Random): boolean {
  const sample = random.pick(['7ffd:0001:beef', 'FFFF:ffff:0000', '018bcfe56800:0001:beef']);
  const text = Buffer.from(mutateMessage(random, [sample]))
    .toString()
    .slice(2, -2);
  const reference = random.pick([0, 1_700_000_000_000, 2 ** 48 - 1]);
  const [short, full] = [decodeWire(text, reference), decodeFull(text)];
  must((short !== undefined) === WIRE.test(text) && (full !== undefined) === FULL.test(text), () => text);
  must(short === undefined || isTimestamp(short), () => text);
  must(full === undefined || encodeFull(full) === text.toLowerCase(), () => text);
  return short !== undefined || full !== undefined;
}

export const TARGETS: Readonly<Record<string, () => FuzzTarget>> = {
  'frames behind the fence': newListener,
  'hybrid logical clocks': () => hlc,
};
