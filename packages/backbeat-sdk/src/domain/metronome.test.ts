import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Metronome, type MetronomeEvent, type MetronomeFrame, SLEW_MAX } from './metronome.ts';

/** Evenly from `min` to `max`: of all doubles between them nearly every one is next to nothing. */
const evenly = (min: number, max: number) =>
  fc.nat(10_000).map((part) => min + ((max - min) * part) / 10_000);

const BEAT_MS = 500;
const frame = (index: number, rest: Partial<MetronomeFrame> = {}): MetronomeFrame => ({
  epoch: 1,
  term: 1,
  index,
  tempoBpm: 120,
  ...rest,
});

class Listener {
  readonly metronome = new Metronome<MetronomeFrame>();
  readonly events: (MetronomeEvent<MetronomeFrame> & { atMs: number })[] = [];
  #nowMs = 0;

  /** Lets time pass, waking the metronome when it wants, or `oversleepMs` later. */
  pass(toMs: number, oversleepMs = 0): this {
    for (;;) {
      const wakeAtMs = this.metronome.wakeAtMs();
      if (wakeAtMs === undefined || wakeAtMs + oversleepMs > toMs) break;
      this.#nowMs = Math.max(this.#nowMs, wakeAtMs + oversleepMs);
      this.#take(this.metronome.tick(this.#nowMs));
    }
    this.#nowMs = toMs;
    return this;
  }

  hear(atMs: number, heard: MetronomeFrame): this {
    this.pass(atMs);
    this.#take(this.metronome.hear(heard, atMs));
    this.#take(this.metronome.tick(atMs));
    return this;
  }

  get beats() {
    return this.events.filter((event) => event.kind === 'beat');
  }

  #take(events: MetronomeEvent<MetronomeFrame>[]): void {
    for (const event of events) this.events.push({ ...event, atMs: this.#nowMs });
  }
}

function locked(beats = 40): Listener {
  const listener = new Listener();
  for (let index = 0; index < beats; index += 1) listener.hear(index * BEAT_MS, frame(index));
  return listener;
}

describe('the metronome', () => {
  test('beats with the frames it hears', () => {
    const listener = locked(10);
    expect(listener.beats.map(({ index, atMs, degraded }) => [index, atMs, degraded])).toEqual(
      Array.from({ length: 10 }, (_, index) => [index, index * BEAT_MS, false]),
    );
    expect(listener.metronome.mode).toBe('locked');
  });

  test('goes on alone after one and a half beats, on the grid, flagged', () => {
    const listener = locked(40).pass(39 * BEAT_MS + 749);
    expect(listener.metronome.mode).toBe('locked');
    listener.pass(39 * BEAT_MS + 751).pass(45 * BEAT_MS);
    const own = listener.beats.slice(40);
    expect(own.map(({ index }) => index)).toEqual([40, 41, 42, 43, 44, 45]);
    expect(own.every(({ degraded }) => degraded)).toBe(true);
    expect(own[0]?.atMs).toBeCloseTo(39 * BEAT_MS + 750, 3);
    expect(own.slice(1).map(({ atMs }) => Math.round(atMs))).toEqual(
      [41, 42, 43, 44, 45].map((i) => i * BEAT_MS),
    );
  });

  test('a frame more than a beat behind the own grid is reported, not acted on', () => {
    const listener = locked(40).hear(39 * BEAT_MS + 1_200, frame(40));
    expect(listener.events.at(-1)).toMatchObject({ kind: 'late', frame: { index: 40 } });
    expect(listener.beats.filter(({ index }) => index === 40)).toHaveLength(1);
  });

  test('copies and deposed leaders are dropped', () => {
    const listener = locked(5)
      .hear(2_010, frame(4))
      .hear(2_020, frame(5, { term: 0 }));
    expect(listener.events.slice(-2).map((event) => 'reason' in event && event.reason)).toEqual([
      'seen',
      'old_term',
    ]);
    expect(listener.beats).toHaveLength(5);
  });

  test('a new life of the cluster starts at its own index', () => {
    const listener = locked(5)
      .hear(2_100, frame(0, { epoch: 2 }))
      .hear(2_600, frame(1, { epoch: 2 }))
      .hear(3_100, frame(2, { epoch: 2 }));
    expect(listener.events.find(({ kind }) => kind === 'adopted')).toMatchObject({
      held: [
        { frame: { index: 0 }, atMs: 2_100 },
        { frame: { index: 1 }, atMs: 2_600 },
      ],
    });
    const young = listener.beats.filter(({ frame: heard }) => heard?.epoch === 2);
    expect(young).toMatchObject([{ index: 2, degraded: false }]);
  });

  test('returns to the pulse by at most 5 % of a beat per beat when it is late', () => {
    const listener = locked(40).pass(45 * BEAT_MS);
    const shiftMs = 60;
    // Enough live frames that the estimate follows the moved grid.
    for (let index = 46; index < 46 + 60; index += 1) {
      listener.hear(index * BEAT_MS + shiftMs, frame(index, { at: index * BEAT_MS + shiftMs }));
    }
    const gaps = listener.beats
      .slice(42)
      .map(({ atMs }, i, all) => atMs - (all[i - 1]?.atMs ?? atMs - BEAT_MS));
    for (const gap of gaps) expect(Math.abs(gap - BEAT_MS)).toBeLessThanOrEqual(SLEW_MAX * BEAT_MS + 2);
  });

  test('jumps forward when the pulse is more than half a beat ahead, and counts it', () => {
    const listener = locked(40)
      .pass(45 * BEAT_MS + 10)
      .hear(45 * BEAT_MS + 20, frame(60, { at: 60 * BEAT_MS }))
      .hear(46 * BEAT_MS + 20, frame(61, { at: 61 * BEAT_MS }));
    expect(listener.events.map(({ kind }) => kind)).toContain('jumped');
    expect(listener.beats.at(-1)).toMatchObject({ index: 61, degraded: false });
  });

  test('waits, and repeats nothing, when it is far ahead of the pulse', () => {
    const listener = locked(40).pass(60 * BEAT_MS);
    for (let index = 41; index < 65; index += 1) listener.hear((index + 20) * BEAT_MS, frame(index));
    const indices = listener.beats.map(({ index }) => index);
    expect(new Set(indices).size).toBe(indices.length);
    expect(indices).toEqual(indices.toSorted((a, b) => a - b));
    expect(listener.metronome.mode).toBe('locked');
    expect(indices.at(-1)).toBe(64);
  });

  test('a process that stood still leaves beats out instead of bunching them', () => {
    const listener = locked(40);
    listener.pass(50 * BEAT_MS + 300, 10 * BEAT_MS);
    expect(listener.events.filter(({ kind }) => kind === 'skipped')).toHaveLength(1);
    expect(listener.beats.slice(40)).toHaveLength(1);
  });

  test('a replayed frame gives the current beat but no grid to go on alone', () => {
    const metronome = new Metronome<MetronomeFrame>();
    expect(metronome.replay(frame(7))).toMatchObject([{ kind: 'beat', index: 7 }]);
    expect(metronome.wakeAtMs()).toBeUndefined();
    expect(metronome.hear(frame(7), 10)).toMatchObject([{ kind: 'dropped', reason: 'seen' }]);
    expect(metronome.hear(frame(8), 500).map(({ kind }) => kind)).toEqual(['mode', 'beat']);
  });

  test('under loss, delay, stalls, cuts and tempo changes: indices rise, own beats are never bunched', () => {
    const step = fc.record({
      loss: fc.constantFrom(0, 0, 0, 0.3, 1),
      beats: fc.integer({ min: 1, max: 30 }),
      delayMs: fc.constantFrom(0, 1, 5, 300, 700),
      tempo: fc.constantFrom(1, 1, 1, 0.95, 1.1),
      withAt: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 20 }),
        fc.infiniteStream(evenly(0, 1)),
        (steps, chances) => {
          const listener = new Listener();
          let index = 0;
          let trueMs = 0;
          let tempoBpm = 120;
          let arrivedMs = 0;
          for (const { loss, beats, delayMs, tempo, withAt } of steps) {
            tempoBpm *= tempo;
            for (let i = 0; i < beats; i += 1) {
              const chance = chances.next().value ?? 0;
              arrivedMs = Math.max(arrivedMs, trueMs + delayMs * chance);
              const at = withAt ? { at: trueMs } : {};
              if ((chances.next().value ?? 0) >= loss) {
                listener.hear(arrivedMs, frame(index, { tempoBpm, ...at }));
              } else listener.pass(Math.max(arrivedMs, trueMs));
              index += 1;
              trueMs += 60_000 / tempoBpm;
            }
          }
          const all = listener.beats;
          for (const [i, beat] of all.entries()) {
            expect(beat.index).toBeGreaterThan(all[i - 1]?.index ?? -1);
            const gapMs = beat.atMs - (all[i - 1]?.atMs ?? Number.NEGATIVE_INFINITY);
            expect(!beat.degraded || gapMs > 0.2 * (60_000 / tempoBpm) * 0.3).toBe(true);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
