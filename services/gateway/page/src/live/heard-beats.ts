import type { backbeat } from '@whoosh/contracts';

/** A beat, when it came, and when it fell, in milliseconds of this page's own monotonic clock. */
export interface HeardBeat {
  readonly frame: backbeat.BeatFrame;
  readonly arrivedMs: number;
  readonly atMs: number;
}

const BEATS_KEPT = 64;
/** A step of the grid that is this many times too short or too long belongs to another one. */
const STEP_RATIO_MAX = 2;

/**
 * The beats with one more. A frame names its place on the pulse's grid, and the frame that came with the least delay says
 * where that grid lies on our clock; so a busy tab shows the beats as they were and not as they were delivered.
 */
export function placed(
  beats: readonly HeardBeat[],
  frame: backbeat.BeatFrame,
  arrivedMs: number,
): readonly HeardBeat[] {
  // The gateway greets every new reader with the newest frame.
  if (
    beats.at(-1)?.frame.window_id === frame.window_id &&
    beats.at(-1)?.frame.beat_index === frame.beat_index
  ) {
    return beats;
  }
  const all = [...beats, { frame, arrivedMs, atMs: arrivedMs }].slice(-BEATS_KEPT);
  const from = all.findLastIndex((beat, at) => !continues(all[at - 1], beat));
  const delays = all.slice(from).map((beat) => beat.arrivedMs - (gridOf(beat) ?? beat.arrivedMs));
  const offsetMs = Math.min(...delays);
  const notBefore = all[from - 1]?.atMs ?? 0;
  return all.map((beat, at) =>
    at < from ? beat : { ...beat, atMs: Math.max(notBefore, (gridOf(beat) ?? beat.arrivedMs) + offsetMs) },
  );
}

function continues(before: HeardBeat | undefined, beat: HeardBeat): boolean {
  const from = before && gridOf(before);
  const to = gridOf(beat);
  if (before === undefined || from === undefined || to === undefined) return false;
  const steps = beat.frame.beat_index - before.frame.beat_index;
  const ratio = (to - from) / (steps * (60_000 / beat.frame.tempo_bpm));
  return steps > 0 && ratio <= STEP_RATIO_MAX && ratio >= 1 / STEP_RATIO_MAX;
}

function gridOf({ frame }: HeardBeat): number | undefined {
  return frame.metadata?.at;
}
