import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Metronome, type MetronomeEvent, type MetronomeFrame } from './metronome.ts';

/** Evenly from `min` to `max`: of all doubles between them nearly every one is next to nothing. */
const evenly = (min: number, max: number) =>
  fc.nat(10_000).map((part) => min + ((max - min) * part) / 10_000);

const BEAT_MS = 500;
const BEATS = 60;
/** Beats after which a listener that runs again must be as if nothing had been. */
const RECOVERED_BEATS = 8;

interface Stall {
  readonly fromBeats: number;
  readonly beats: number;
}

/** An honest pulse, heard by a process that now and then stands still: frames and timers wait until it runs again. */
function heardThrough(stalls: readonly Stall[], withAt: boolean, beats = BEATS) {
  const metronome = new Metronome<MetronomeFrame>();
  const events: (MetronomeEvent<MetronomeFrame> & { atMs: number })[] = [];
  const runsAt = (ms: number): number => {
    const stall = stalls.find(
      ({ fromBeats, beats: length }) => ms >= fromBeats * BEAT_MS && ms < (fromBeats + length) * BEAT_MS,
    );
    return stall === undefined ? ms : runsAt((stall.fromBeats + stall.beats) * BEAT_MS);
  };
  const take = (atMs: number, taken: MetronomeEvent<MetronomeFrame>[]): void => {
    for (const event of taken) events.push({ ...event, atMs });
  };
  let nowMs = 0;
  for (let index = 0; index < beats; index += 1) {
    const arrivesMs = runsAt(index * BEAT_MS);
    for (;;) {
      const wakeAtMs = Math.max(nowMs, runsAt(metronome.wakeAtMs() ?? Number.POSITIVE_INFINITY));
      // Of what is due at once, timers come first.
      if (wakeAtMs > arrivesMs) break;
      nowMs = wakeAtMs;
      take(nowMs, metronome.tick(nowMs));
    }
    nowMs = Math.max(nowMs, arrivesMs);
    const at = withAt ? { at: index * BEAT_MS } : {};
    take(nowMs, metronome.hear({ epoch: 1, term: 1, index, tempoBpm: 60_000 / BEAT_MS, ...at }, nowMs));
  }
  return { metronome, events };
}

const refused = ({ events }: ReturnType<typeof heardThrough>) =>
  events.filter(({ kind }) => kind === 'dropped').length;

test('one stall leads to no refused frame, no jump and no beat in the wrong place afterwards', () => {
  fc.assert(
    fc.property(evenly(5, 40), evenly(0.01, 10), fc.boolean(), (fromBeats, beats, withAt) => {
      const heard = heardThrough([{ fromBeats, beats }], withAt);
      expect(refused(heard)).toBe(0);
      expect(heard.events.filter(({ kind }) => kind === 'jumped')).toEqual([]);
      const after = heard.events.filter(
        (event) => event.kind === 'beat' && event.atMs > (fromBeats + beats + 1) * BEAT_MS,
      );
      for (const { atMs, ...beat } of after) {
        const index = 'index' in beat ? beat.index : Number.NaN;
        expect(Math.abs(atMs - index * BEAT_MS)).toBeLessThan(0.01 * BEAT_MS);
      }
    }),
    { numRuns: 500 },
  );
});

const stalls = (maxBeats: number) =>
  fc.array(fc.tuple(evenly(0, 3), evenly(0, maxBeats)), { minLength: 1, maxLength: 30 }).map((gaps) => {
    let fromBeats = 0;
    return gaps.map(([gap, beats]): Stall => {
      fromBeats += gap;
      const stall = { fromBeats, beats };
      fromBeats += beats;
      return stall;
    });
  });

test('a starved process is not deaf to an honest pulse, and hears every frame soon after it runs again', () => {
  fc.assert(
    fc.property(stalls(3), fc.boolean(), (all, withAt) => {
      const last = all.at(-1) as Stall;
      const quietFrom = Math.ceil(last.fromBeats + last.beats) + RECOVERED_BEATS;
      const { events, metronome } = heardThrough(all, withAt, quietFrom + 10);
      const quiet = events.filter(({ atMs }) => atMs >= quietFrom * BEAT_MS);
      const beats = quiet.filter((event) => event.kind === 'beat');
      expect(beats.map(({ index, degraded }) => [index, degraded])).toEqual(
        Array.from({ length: 10 }, (_, i) => [quietFrom + i, false]),
      );
      expect(quiet.filter(({ kind }) => kind === 'dropped' || kind === 'late')).toEqual([]);
      expect(metronome.fence?.index).toBe(quietFrom + 9);
    }),
    { numRuns: 500 },
  );
});
