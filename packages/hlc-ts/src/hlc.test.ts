import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare, Hlc, LOGICAL_PER_MS, type Timestamp } from './index.ts';

const START_MS = 1_700_000_000_000;

function clockAt(initialMs: number, options: { node?: number; maxOffsetMs?: number } = {}) {
  const physical = { ms: initialMs };
  const hlc = new Hlc({
    physicalMs: () => physical.ms,
    node: options.node ?? 1,
    maxOffsetMs: options.maxOffsetMs ?? 500,
  });
  return { physical, hlc };
}

describe('a hybrid logical clock', () => {
  test('follows the physical clock and counts within one millisecond', () => {
    const { physical, hlc } = clockAt(START_MS);
    expect(hlc.now()).toEqual({ wallMs: START_MS, logical: 0, node: 1 });
    expect(hlc.now()).toEqual({ wallMs: START_MS, logical: 1, node: 1 });
    physical.ms += 5.75;
    expect(hlc.now()).toEqual({ wallMs: START_MS + 5, logical: 0, node: 1 });
  });

  const merges: { name: string; physical: number; remote: [number, number]; expected: [number, number] }[] = [
    { name: 'all three tie: the greater counter plus one', physical: 0, remote: [0, 7], expected: [0, 8] },
    { name: 'own wall is greatest: own counter plus one', physical: -5, remote: [-1, 9], expected: [0, 1] },
    {
      name: 'remote wall is greatest: its counter plus one',
      physical: 0,
      remote: [10, 4],
      expected: [10, 5],
    },
    {
      name: 'physical is greatest: the counter starts again',
      physical: 20,
      remote: [10, 4],
      expected: [20, 0],
    },
    {
      name: 'remote and physical tie: its counter plus one',
      physical: 10,
      remote: [10, 4],
      expected: [10, 5],
    },
  ];
  test.each(merges)('merges when $name', ({ physical, remote, expected }) => {
    const clock = clockAt(START_MS);
    clock.hlc.now();
    clock.physical.ms = START_MS + physical;
    const merged = clock.hlc.update({ wallMs: START_MS + remote[0], logical: remote[1], node: 2 });
    expect([merged.wallMs - START_MS, merged.logical]).toEqual(expected);
  });

  test('stays monotonic when the physical clock goes back an hour, and counts it', () => {
    const { physical, hlc } = clockAt(START_MS);
    const before = hlc.now();
    physical.ms -= 3_600_000;
    expect(compare(hlc.now(), before)).toBeGreaterThan(0);
    expect(hlc.counters.backwardJumps).toBe(1);
  });

  test('refuses a leap of ten seconds, counts it and keeps its state', () => {
    const { hlc } = clockAt(START_MS);
    const before = hlc.now();
    expect(hlc.updateChecked({ wallMs: START_MS + 10_000, logical: 0, node: 2 })).toEqual({
      ok: false,
      aheadMs: 10_000,
    });
    expect(hlc.counters.refused).toBe(1);
    expect(hlc.now()).toEqual({ ...before, logical: 1 });
  });

  test('borrows the next millisecond when the counter is used up', () => {
    const { hlc } = clockAt(START_MS);
    let last = hlc.now();
    for (let i = 0; i < 3 * LOGICAL_PER_MS; i += 1) {
      const next = hlc.now();
      expect(compare(next, last)).toBeGreaterThan(0);
      last = next;
    }
    expect(last).toEqual({ wallMs: START_MS + 3, logical: 0, node: 1 });
    expect(hlc.counters.borrowedMs).toBe(3);
  });

  test('stays greater than a remote reading whose counter is at its 16-bit end', () => {
    const { hlc } = clockAt(START_MS);
    const remote = { wallMs: START_MS + 1, logical: 0xffff, node: 2 };
    expect(compare(hlc.update(remote), remote)).toBeGreaterThan(0);
  });

  test('survives physical readings that are no time', () => {
    const readings = [START_MS, Number.NaN, -1, Number.POSITIVE_INFINITY, START_MS + 1];
    let index = 0;
    const hlc = new Hlc({ physicalMs: () => readings[index++] ?? START_MS, node: 1 });
    const made = readings.map(() => hlc.now());
    expect(made.toSorted(compare)).toEqual(made);
    expect(new Set(made.map((t) => `${t.wallMs}/${t.logical}`)).size).toBe(made.length);
    expect(hlc.counters.badReadings).toBe(3);
  });

  test.each([-1, 65_536, 1.5, Number.NaN])('rejects node %s', (node) => {
    expect(() => new Hlc({ physicalMs: () => 0, node })).toThrow(RangeError);
  });
});

describe('properties', () => {
  test('the order is total and agrees with the order of tuples', () => {
    const timestamp = fc.record({
      wallMs: fc.integer({ min: 0, max: 3 }),
      logical: fc.integer({ min: 0, max: 3 }),
      node: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(timestamp, timestamp, timestamp, (a, b, c) => {
        expect(compare(a, a)).toBe(0);
        expect(Math.sign(compare(a, b))).toBe(-Math.sign(compare(b, a)) + 0);
        const tuple = (t: Timestamp) => t.wallMs * 10_000 + t.logical * 100 + t.node;
        expect(Math.sign(compare(a, b))).toBe(Math.sign(tuple(a) - tuple(b)));
        const chained = compare(a, b) <= 0 && compare(b, c) <= 0;
        expect(!chained || compare(a, c) <= 0).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  // Messages between nodes with skewed, jumping and freezing clocks. Happens-before is tracked with
  // vector clocks, independently of what is tested.
  const step = fc.record({
    node: fc.nat({ max: 4 }),
    from: fc.nat({ max: 4 }),
    receive: fc.boolean(),
    moveMs: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }) },
      { weight: 1, arbitrary: fc.integer({ min: -5_000, max: 5_000 }) },
      { weight: 1, arbitrary: fc.constant(0) },
    ),
  });
  test('what happens before is less, whatever the physical clocks do', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -400, max: 400 }), { minLength: 5, maxLength: 5 }),
        fc.array(step, { minLength: 1, maxLength: 120 }),
        (skews, steps) => {
          const nodes = skews.map((skew, node) => ({
            ...clockAt(START_MS + skew, { node }),
            vector: [0, 0, 0, 0, 0],
          }));
          const events: { timestamp: Timestamp; vector: number[] }[] = [];
          const lastSent: ({ timestamp: Timestamp; vector: number[] } | undefined)[] = [];
          let physicalMaxMs = 0;
          for (const { node, from, receive, moveMs } of steps) {
            const at = nodes[node];
            if (at === undefined) continue;
            at.physical.ms += moveMs;
            physicalMaxMs = Math.max(physicalMaxMs, at.physical.ms);
            const message = lastSent[from];
            at.vector[node] = (at.vector[node] ?? 0) + 1;
            let timestamp: Timestamp;
            if (receive && message !== undefined) {
              at.vector = at.vector.map((count, i) => Math.max(count, message.vector[i] ?? 0));
              timestamp = at.hlc.update(message.timestamp);
            } else {
              timestamp = at.hlc.now();
              lastSent[node] = { timestamp, vector: [...at.vector] };
            }
            expect(timestamp.wallMs).toBeGreaterThanOrEqual(at.physical.ms);
            expect(timestamp.wallMs).toBeLessThanOrEqual(physicalMaxMs);
            events.push({ timestamp, vector: [...at.vector] });
          }
          for (const a of events) {
            for (const b of events) {
              const before = a !== b && a.vector.every((count, i) => count <= (b.vector[i] ?? 0));
              expect(!before || compare(a.timestamp, b.timestamp) < 0).toBe(true);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('after checked updates the clock is never more than maxOffsetMs ahead; a refusal changes nothing', () => {
    const remote = fc.record({
      aheadMs: fc.integer({ min: -2_000, max: 2_000 }),
      logical: fc.integer({ min: 0, max: 100 }),
    });
    fc.assert(
      fc.property(
        fc.array(remote, { maxLength: 60 }),
        fc.integer({ min: 0, max: 1_000 }),
        (remotes, maxOffsetMs) => {
          const { physical, hlc } = clockAt(START_MS, { maxOffsetMs });
          let last = hlc.now();
          for (const { aheadMs, logical } of remotes) {
            physical.ms += 1;
            const result = hlc.updateChecked({ wallMs: physical.ms + aheadMs, logical, node: 2 });
            const expected = aheadMs > maxOffsetMs ? { ok: false, aheadMs } : { ok: true };
            expect(result).toMatchObject(expected);
            const timestamp = result.ok ? result.timestamp : hlc.now();
            expect(compare(timestamp, last)).toBeGreaterThan(0);
            expect(timestamp.wallMs - physical.ms).toBeLessThanOrEqual(maxOffsetMs);
            last = timestamp;
          }
        },
      ),
    );
  });

  test('a restart from the persisted bound never repeats or goes back, even when the clock does', () => {
    const run = fc.record({
      moves: fc.array(fc.integer({ min: -50, max: 900 }), { minLength: 1, maxLength: 30 }),
      jumpMs: fc.integer({ min: -5_000, max: 1_000 }),
    });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 5 }), (runs) => {
        let durableMs = 0;
        let physicalMs = START_MS;
        let last: Timestamp = { wallMs: 0, logical: 0, node: 0 };
        for (const { moves, jumpMs } of runs) {
          const hlc = new Hlc({
            physicalMs: () => physicalMs,
            node: 1,
            initialUpperBoundMs: durableMs,
            persistUpperBound: (ms) => {
              expect(ms).toBeGreaterThan(durableMs);
              durableMs = ms;
            },
          });
          for (const move of moves) {
            physicalMs += move;
            const next = hlc.now();
            expect(compare(next, last)).toBeGreaterThan(0);
            expect(next.wallMs).toBeLessThan(durableMs);
            last = next;
          }
          physicalMs += jumpMs;
        }
      }),
    );
  });

  test('a bound that cannot be persisted gives no reading', () => {
    const hlc = new Hlc({
      physicalMs: () => START_MS,
      node: 1,
      persistUpperBound: () => {
        throw new Error('disk is full');
      },
    });
    expect(() => hlc.now()).toThrow('disk is full');
  });
});
