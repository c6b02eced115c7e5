/** What the line of beats is drawn from: where each beat lies on the grid, and what became of it. */
export interface BeatSeen {
  readonly atMs: number;
  readonly frame: {
    readonly beat_index: number;
    readonly downbeat: boolean;
    readonly phase: string;
    readonly tempo_bpm: number;
    readonly metadata?:
      { readonly bar_length?: number | undefined; readonly cluster_health?: string | undefined } | undefined;
  };
}

export interface BeatMark {
  readonly index: number;
  readonly atMs: number;
  readonly beatMs: number;
  readonly phase: string;
  readonly downbeat: boolean;
  /** `missed`: its frame never came; `late`: its time is past; `next`: it is still to come. */
  readonly kind: 'heard' | 'missed' | 'late' | 'next';
  readonly degraded: boolean;
}

/** A frame may be under way for this part of a beat before it is shown as late. */
const ALLOWANCE = 0.25;
/** A longer hole is no row of missed beats any more: the line was cut, or the cluster began anew. */
const MISSED_MAX = 64;
const BAR_LENGTH = 4;

/** The phases of a bar: thirds, review at least one beat. A frame that was heard says itself what it is. */
export function phaseAt(place: number, barLength: number): string {
  const third = Math.floor(barLength / 3);
  if (place >= barLength - Math.max(1, third)) return 'review';
  return place < third ? 'planning' : 'execution';
}

/** The beats that were heard, those missing between them, and the grid as it goes on from the last one until `untilMs`. */
export function marksOf(beats: readonly BeatSeen[], nowMs: number, untilMs: number): BeatMark[] {
  const marks: BeatMark[] = [];
  for (const [at, beat] of beats.entries()) {
    const before = beats[at - 1];
    if (before) marks.push(...missedBetween(before, beat, beats));
    marks.push(heard(beat));
  }
  const last = beats.at(-1);
  if (last === undefined) return marks;
  const beatMs = beatMsOf(last);
  for (let ahead = 1; last.atMs + ahead * beatMs <= untilMs && ahead <= MISSED_MAX; ahead += 1) {
    const atMs = last.atMs + ahead * beatMs;
    const kind = nowMs > atMs + beatMs * ALLOWANCE ? 'late' : 'next';
    marks.push({ ...placed(last.frame.beat_index + ahead, beats), atMs, beatMs, kind, degraded: false });
  }
  return marks;
}

export function beatMsOf({ frame }: BeatSeen): number {
  return 60_000 / frame.tempo_bpm;
}

function heard(beat: BeatSeen): BeatMark {
  const { beat_index: index, phase, downbeat, metadata } = beat.frame;
  const degraded = metadata?.cluster_health === 'degraded';
  return { index, atMs: beat.atMs, beatMs: beatMsOf(beat), phase, downbeat, kind: 'heard', degraded };
}

function missedBetween(before: BeatSeen, after: BeatSeen, beats: readonly BeatSeen[]): BeatMark[] {
  const missing = after.frame.beat_index - before.frame.beat_index - 1;
  if (missing < 1 || missing > MISSED_MAX) return [];
  const beatMs = (after.atMs - before.atMs) / (missing + 1);
  return Array.from({ length: missing }, (_, at) => ({
    ...placed(before.frame.beat_index + at + 1, beats),
    atMs: before.atMs + (at + 1) * beatMs,
    beatMs,
    kind: 'missed' as const,
    degraded: false,
  }));
}

/** The place of a beat that was not heard, counted from the nearest downbeat that was. */
function placed(index: number, beats: readonly BeatSeen[]): Pick<BeatMark, 'index' | 'phase' | 'downbeat'> {
  const downbeat = beats.findLast(({ frame }) => frame.downbeat && frame.beat_index <= index);
  const barLength = downbeat?.frame.metadata?.bar_length ?? BAR_LENGTH;
  const place = downbeat === undefined ? index % barLength : (index - downbeat.frame.beat_index) % barLength;
  return { index, phase: phaseAt(place, barLength), downbeat: place === 0 };
}
