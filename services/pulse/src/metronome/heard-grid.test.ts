import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HeardBeat, HeardGrid, readBeat } from './heard-grid.ts';

const AT = 1_000_000;
const EPOCH = 7;
const BEAT_MS = 500;
const DELAY_MS = 1;
const beat = (index: number, rest: Partial<HeardBeat> = {}): HeardBeat => ({
  epoch: EPOCH,
  term: 1,
  index,
  tempoBpm: 120,
  at: AT + index * BEAT_MS,
  ...rest,
});
const sentMs = (index: number): number => index * BEAT_MS;
const OFFSET_MS = DELAY_MS - AT;

/** Heard so many beats on time, from the first. */
function heard(count: number): HeardGrid {
  const grid = new HeardGrid();
  for (let index = 0; index < count; index += 1) grid.hear(beat(index), sentMs(index) + DELAY_MS, EPOCH);
  return grid;
}

test('says where the grid lies on this clock', () => {
  expect(heard(40).offsetMs(EPOCH)).toBeCloseTo(OFFSET_MS, 1);
  expect(heard(40).offsetMs(8)).toBeUndefined();
});

describe('a take-over after a stray frame still goes on from what was heard', () => {
  test.each([
    { name: 'a copy', stray: beat(39), reason: 'seen' },
    { name: 'a forged epoch', stray: beat(40, { epoch: 2 ** 50 }), reason: 'implausible' },
    { name: 'an old epoch', stray: beat(40, { epoch: 6 }), reason: 'old_epoch' },
    { name: 'an old term', stray: beat(40, { term: 0 }), reason: 'old_term' },
    { name: 'a forged index', stray: beat(2 ** 50), reason: 'implausible' },
    { name: 'a forged tempo', stray: beat(40, { tempoBpm: 0.1 }), reason: 'implausible' },
  ])('$name', ({ stray, reason }) => {
    const grid = heard(40);
    expect(grid.hear(stray, sentMs(39) + 200, EPOCH)).toEqual({ counts: false, reason });
    expect(grid.last).toMatchObject({ epoch: EPOCH, index: 39 });
    expect(grid.offsetMs(EPOCH)).toBeCloseTo(OFFSET_MS, 1);
    expect(grid.hear(beat(40), sentMs(40) + DELAY_MS, EPOCH)).toMatchObject({ counts: true });
  });

  test('another cluster of the same name plays all the time, and had been heard first', () => {
    const grid = new HeardGrid();
    for (let index = 0; index < 20; index += 1) {
      grid.hear(beat(index, { epoch: 99, at: AT * 5 }), sentMs(index) + 50, undefined);
    }
    for (let index = 20; index < 40; index += 1) {
      grid.hear(beat(index, { epoch: 99, at: AT * 5 }), sentMs(index) - 50, EPOCH);
      expect(grid.hear(beat(index), sentMs(index) + DELAY_MS, EPOCH)).toMatchObject({ counts: true });
    }
    expect(grid.offsetMs(EPOCH)).toBeCloseTo(OFFSET_MS, 1);
  });
});

test.each([3, 8, 40, 400])(
  'stopped for five seconds after %d beats, it hears the next one, and knows the grid as before',
  (count) => {
    const grid = heard(count);
    const back = sentMs(count + 10) - 40;
    for (let index = count; index < count + 10; index += 1) {
      expect(grid.hear(beat(index), back, EPOCH)).toMatchObject({ counts: true });
    }
    expect(grid.last?.index).toBe(count + 9);
    expect(grid.offsetMs(EPOCH)).toBeCloseTo(OFFSET_MS, 1);
    const next = grid.hear(beat(count + 10), sentMs(count + 10) + DELAY_MS, EPOCH);
    expect(next).toEqual({ counts: true, driftMs: expect.closeTo(0, 1) });
  },
);

test('however often and long it stands still, no true frame is refused, and the grid stays', () => {
  const pause = fc.record({ from: fc.nat(60_000), forMs: fc.nat(20_000) });
  fc.assert(
    fc.property(
      fc.array(pause, { maxLength: 6 }),
      fc.constantFrom(37, 120, 500, 1_000),
      (pauses, tempoBpm) => {
        const beatMs = 60_000 / tempoBpm;
        const grid = new HeardGrid();
        // The first ones come in time: nothing else tells where a grid is.
        const running = (ms: number): number =>
          pauses
            .map(({ from, forMs }) => ({ from: from + 4 * beatMs, forMs }))
            .toSorted((left, right) => left.from - right.from)
            .reduce((at, { from, forMs }) => (at >= from && at < from + forMs ? from + forMs : at), ms);
        for (let index = 0; index * beatMs < 120_000; index += 1) {
          const frame = beat(index, { tempoBpm, at: AT + index * beatMs });
          expect(grid.hear(frame, running(index * beatMs + DELAY_MS), EPOCH)).toMatchObject({ counts: true });
          expect(Math.abs((grid.offsetMs(EPOCH) ?? 0) - OFFSET_MS)).toBeLessThan(beatMs / 4);
        }
        expect(Math.abs((grid.offsetMs(EPOCH) ?? 0) - OFFSET_MS)).toBeLessThan(beatMs / 100);
      },
    ),
    { numRuns: 60 },
  );
});

test('its host slept, and its clock stood still: after three beats it plays with the others again', () => {
  const grid = heard(40);
  const sleptMs = 3_600_000;
  const indexes = Array.from({ length: 6 }, (_, at) => 40 + sleptMs / BEAT_MS + at);
  const verdicts = indexes.map((index) => grid.hear(beat(index), sentMs(index) - sleptMs + DELAY_MS, EPOCH));
  expect(verdicts.slice(2).every(({ counts }) => counts)).toBe(true);
  expect(grid.last?.index).toBe(indexes.at(-1));
  expect(grid.offsetMs(EPOCH)).toBeCloseTo(OFFSET_MS - sleptMs, 1);
});

test('deaf while the tempo doubled, it plays with the others after three beats', () => {
  const grid = heard(40);
  const fast = { tempoBpm: 240 };
  const heardMs = (at: number): number => sentMs(300) + at * 250 + DELAY_MS;
  const verdicts = [0, 1, 2, 3].map((at) =>
    grid.hear(beat(400 + at, { ...fast, at: AT + sentMs(300) + at * 250 }), heardMs(at), EPOCH),
  );
  expect(verdicts.slice(2).every(({ counts }) => counts)).toBe(true);
  expect(grid.offsetMs(EPOCH)).toBeCloseTo(OFFSET_MS, 1);
});

test('the way to here becomes longer for good: the grid follows after three beats', () => {
  const grid = heard(40);
  for (let index = 40; index < 43; index += 1) grid.hear(beat(index), sentMs(index) + 200, EPOCH);
  expect(grid.offsetMs(EPOCH)).toBeCloseTo(200 - AT, 1);
});

test('a single late frame says nothing about the grid, but its index is known', () => {
  const grid = heard(5);
  expect(grid.hear(beat(5), sentMs(5) + 300, EPOCH)).toEqual({
    counts: true,
    driftMs: expect.closeTo(299, 1),
  });
  expect(grid.last?.index).toBe(5);
  expect(grid.offsetMs(EPOCH)).toBeCloseTo(OFFSET_MS, 1);
});

describe('what is no frame is not read', () => {
  const metadata = { epoch: EPOCH, term: 1, at: AT };
  const frame = { cluster_id: 'c', beat_index: 3, tempo_bpm: 120, metadata };
  test.each([
    ['a frame', frame, { index: 3 }],
    ['another cluster', { ...frame, cluster_id: 'd' }, 'foreign'],
    ['no cluster', { ...frame, cluster_id: undefined }, 'malformed'],
    ['an index below zero', { ...frame, beat_index: -1 }, 'malformed'],
    ['half an index', { ...frame, beat_index: 0.5 }, 'malformed'],
    ['an index beyond what numbers hold', { ...frame, beat_index: 2 ** 60 }, 'malformed'],
    ['no tempo', { ...frame, tempo_bpm: 0 }, 'malformed'],
    ['a tempo beyond the limits', { ...frame, tempo_bpm: 1e9 }, 'malformed'],
    ['a word for a number', { ...frame, tempo_bpm: '120' }, 'malformed'],
    ['no metadata', { ...frame, metadata: undefined }, 'malformed'],
    ['nothing', null, 'malformed'],
  ])('%s', (_, content, read) => {
    const beat = readBeat(JSON.stringify(content), 'c');
    if (typeof read === 'string') expect(beat).toBe(read);
    else expect(beat).toMatchObject(read);
  });
});
