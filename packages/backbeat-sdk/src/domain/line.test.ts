import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Line, type LineFrame } from './line.ts';
import { Metronome, type MetronomeEvent, type MetronomeFrame } from './metronome.ts';

const BEAT_MS = 500;
const TEMPO_BPM = 120;
const frame = (index: number, rest: Partial<LineFrame> = {}): LineFrame => ({
  epoch: 10,
  term: 3,
  index,
  tempoBpm: TEMPO_BPM,
  ...rest,
});
const grid = { timeOf: (index: number) => index * BEAT_MS, beatMs: BEAT_MS };

/** Verdicts of a line that has heard beats 0 … 9; times are beats. */
function verdicts(...heard: [beats: number, frame: LineFrame][]): string[] {
  const line = new Line();
  for (let index = 0; index < 10; index += 1) line.judge(frame(index), index * BEAT_MS, grid);
  return heard.map(([beats, each]) => {
    const verdict = line.judge(each, beats * BEAT_MS, grid);
    return verdict.kind === 'refused' ? verdict.reason : verdict.kind;
  });
}

describe('one frame that stands alone', () => {
  const HUGE = Number.MAX_SAFE_INTEGER;
  test.each([
    { name: 'with a huge epoch', forged: frame(10, { epoch: HUGE }), as: 'implausible' },
    { name: 'with a huge index', forged: frame(HUGE), as: 'implausible' },
    { name: 'with an index a little ahead', forged: frame(12), as: 'implausible' },
    { name: 'with a tempo no step leads to', forged: frame(10, { tempoBpm: 0.1 }), as: 'implausible' },
    { name: 'of an earlier epoch', forged: frame(10, { epoch: 9 }), as: 'old_epoch' },
    { name: 'of a deposed leader', forged: frame(10, { term: 2 }), as: 'old_term' },
    { name: 'that was there before', forged: frame(9), as: 'seen' },
  ])('$name is dropped, and the pulse is heard on', ({ forged, as }) => {
    expect(verdicts([9.9, forged], [10, frame(10)], [11, frame(11)])).toEqual([as, 'continues', 'continues']);
  });

  test('with a huge term is a beat like another; after two beats the true ones are heard again', () => {
    const forged = frame(10, { term: HUGE });
    expect(
      verdicts([9.9, forged], [10, frame(10)], [11, frame(11)], [12, frame(12)], [13, frame(13)]),
    ).toEqual(['continues', 'old_term', 'old_term', 'adopted', 'continues']);
  });

  test('is not helped by copies of it', () => {
    const forged = frame(0, { epoch: 11 });
    expect(verdicts([9.9, forged], [10.4, forged], [10.9, forged], [11, frame(11)])).toEqual([
      'implausible',
      'implausible',
      'implausible',
      'continues',
    ]);
  });
});

describe('another line', () => {
  const young = (index: number) => frame(index, { epoch: 11, term: 1 });

  test('a cluster that began anew is followed at its second frame, when the old one is silent', () => {
    expect(verdicts([12.3, young(0)], [13.3, young(1)], [14.3, young(2)])).toEqual([
      'implausible',
      'adopted',
      'continues',
    ]);
  });

  test('not sooner than the old one is silent for one and a half beats', () => {
    expect(verdicts([9.2, young(0)], [10.2, young(1)], [11.2, young(2)])).toEqual([
      'implausible',
      'implausible',
      'adopted',
    ]);
  });

  test('frames that are lost do not matter, frames that come in a burst do', () => {
    expect(verdicts([12, young(0)], [15, young(3)])).toEqual(['implausible', 'adopted']);
    expect(verdicts([12, young(0)], [12.1, young(1)], [13.1, young(2)])).toEqual([
      'implausible',
      'implausible',
      'adopted',
    ]);
  });

  test('beside an old cluster that goes on the younger wins after eight frames', () => {
    const both = Array.from({ length: 9 }, (_, i): [number, LineFrame][] => [
      [10 + i, frame(10 + i)],
      [10.4 + i, young(i)],
    ]).flat();
    const said = verdicts(...both).filter((_, i) => i % 2 === 1);
    expect(said).toEqual([...Array<string>(7).fill('implausible'), 'adopted', 'continues']);
  });

  test('of a lower epoch never displaces one that was heard twice', () => {
    const old = Array.from({ length: 20 }, (_, i): [number, LineFrame] => [20 + i, frame(i, { epoch: 9 })]);
    expect(new Set(verdicts(...old))).toEqual(new Set(['old_epoch']));
  });

  test('displaces a first frame that nothing followed', () => {
    const line = new Line();
    const kinds = [
      line.judge(frame(2 ** 40, { epoch: 2 ** 50, tempoBpm: 0.1 }), 0, undefined),
      ...[1, 2, 3].map((i) => line.judge(frame(i), i * BEAT_MS, undefined)),
    ].map(({ kind }) => kind);
    expect(kinds).toEqual(['continues', 'refused', 'adopted', 'continues']);
  });

  test('displaces a stored frame, which anybody may have stored', () => {
    const line = new Line();
    line.begin(frame(2 ** 40));
    expect([1, 2].map((i) => line.judge(frame(i), i * BEAT_MS, undefined).kind)).toEqual([
      'refused',
      'adopted',
    ]);
  });
});

type Event = MetronomeEvent<MetronomeFrame> & { atMs: number };

/** A listener in virtual time. */
class Listener {
  readonly metronome = new Metronome<MetronomeFrame>();
  readonly events: Event[] = [];
  #nowMs = 0;

  hear(atMs: number, heard: MetronomeFrame): void {
    for (;;) {
      const wakeAtMs = this.metronome.wakeAtMs();
      if (wakeAtMs === undefined || wakeAtMs > atMs) break;
      this.#nowMs = Math.max(this.#nowMs, wakeAtMs);
      this.#take(this.metronome.tick(this.#nowMs));
    }
    this.#nowMs = atMs;
    this.#take(this.metronome.hear(heard, atMs));
  }

  get beats() {
    return this.events.filter((event) => event.kind === 'beat');
  }

  #take(events: MetronomeEvent<MetronomeFrame>[]): void {
    for (const event of events) this.events.push({ ...event, atMs: this.#nowMs });
  }
}

const anyFrame = fc.record({
  epoch: fc.constantFrom(0, 9, 10, 11, Number.MAX_SAFE_INTEGER),
  term: fc.constantFrom(0, 2, 3, 4, Number.MAX_SAFE_INTEGER),
  // Relative to the true index.
  ahead: fc.constantFrom(-5, -1, 0, 1, 2, 50, 2 ** 40),
  tempoBpm: fc.constantFrom(0.1, 60, 115, 120, 132, 1_000),
  at: fc.constantFrom(undefined, 0, 1e15),
  phase: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
});
/** A forged frame, and the beats until the next. */
const forgeries = fc.array(fc.tuple(anyFrame, fc.integer({ min: 8, max: 14 })), {
  minLength: 1,
  maxLength: 6,
});

describe('a metronome among forged frames', () => {
  test('loses at most three beats to each, repeats none, and is back on the true grid', () => {
    fc.assert(
      fc.property(forgeries, fc.boolean(), (forged, withAt) => {
        const listener = new Listener();
        const say = (index: number) => {
          const at = withAt ? { at: index * BEAT_MS } : {};
          listener.hear(index * BEAT_MS, { ...frame(index), ...at });
        };
        let index = 0;
        for (; index < 30; index += 1) say(index);
        for (const [{ ahead, phase, at, ...rest }, beats] of forged) {
          const atMs = (index - 1 + phase) * BEAT_MS;
          const lie = { ...rest, index: Math.max(0, index + ahead), ...(at === undefined ? {} : { at }) };
          listener.hear(atMs, lie);
          const from = index;
          for (; index < from + beats; index += 1) say(index);
          const heard = listener.beats.filter(({ degraded }) => !degraded);
          const indices = new Set(heard.map((beat) => beat.index));
          for (let i = from + 4; i < index - 1; i += 1) expect(indices.has(i)).toBe(true);
        }
        const all = listener.beats.map((beat) => beat.index);
        expect(all).toEqual([...new Set(all)].toSorted((a, b) => a - b));
        expect(listener.metronome.mode).not.toBe('degraded');
        expect(listener.metronome.fence).toMatchObject({ epoch: 10, index: index - 1 });
      }),
      { numRuns: 500 },
    );
  });

  test('hears the pulse although the very first frame was forged', () => {
    fc.assert(
      fc.property(anyFrame, ({ ahead, phase, at, ...rest }) => {
        const listener = new Listener();
        listener.hear((4 + phase) * BEAT_MS, {
          ...rest,
          index: Math.max(0, 5 + ahead),
          ...(at === undefined ? {} : { at }),
        });
        for (let index = 5; index < 40; index += 1) listener.hear(index * BEAT_MS, frame(index));
        expect(listener.metronome.fence).toMatchObject({ epoch: 10, term: 3, index: 39 });
        expect(listener.beats.at(-1)).toMatchObject({ index: 39, degraded: false });
      }),
      { numRuns: 500 },
    );
  });

  test('follows a cluster that began anew, whatever the silence before and the losses after', () => {
    const scene = fc.record({
      silenceBeats: fc.double({ min: 0.05, max: 40, noNaN: true }),
      lost: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      tempoBpm: fc.constantFrom(2, 60, 120, 600),
    });
    fc.assert(
      fc.property(scene, ({ silenceBeats, lost, tempoBpm }) => {
        const listener = new Listener();
        for (let index = 0; index < 30; index += 1) listener.hear(index * BEAT_MS, frame(index));
        const beginMs = (29 + silenceBeats) * BEAT_MS;
        const beatMs = 60_000 / tempoBpm;
        const young = (index: number) =>
          listener.hear(beginMs + index * beatMs, frame(index, { epoch: 11, term: 1, tempoBpm }));
        for (const [index, isLost] of lost.entries()) if (!isLost) young(index);
        // However it began: with a few beats that are heard the new life is followed.
        for (let index = 12; index < 24; index += 1) young(index);
        expect(listener.metronome.fence).toMatchObject({ epoch: 11, index: 23 });
        const own = listener.beats.filter(({ frame: each }) => each?.epoch === 11).map(({ index }) => index);
        expect(own.slice(-3)).toEqual([21, 22, 23]);
        expect(own).toEqual([...new Set(own)].toSorted((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });
});
