import { createHash } from 'node:crypto';
import { backbeat } from '@whoosh/contracts';
import { parse, type StoredMessage } from './stored-message.ts';

/** A window that its marker has closed. */
export interface ClosedWindow {
  readonly marker: backbeat.WindowClose;
  readonly storedAtMs: number;
  /** On the broker's clock; undefined for a marker that does not tell, by which nothing is early. */
  readonly grid: { readonly endAtMs: number; readonly beatMs: number } | undefined;
}

const CONTROL_BYTES_MAX = 8_192;
const BAR_BEATS_MAX = 10_000;
const BEAT_MS_MIN = 60;
const BEAT_MS_MAX = 600_000;
const TEMPO_BPM_MAX = 1_000;
/** From bar to bar: a tenth, or where that is more, a tenth of a beat per minute. */
const TEMPO_STEP = 0.1;
const TEMPO_STEP_BPM = 0.1;
const TEMPO_ROUNDING = 1.01;
const TEMPO_STEPS_MAX = 200;
const CLOCK_RATE = 1.001;
const CLOCKS_APART_MS = 3_600_000;
const ELAPSED_MAX_MS = 4 * 3_600_000;
/** Clocks do not agree to the millisecond: a twentieth of a beat is forgiven. */
const FORGIVEN_BEATS = 0.05;

/** The marker in a message, when it names the bar that it lies under. */
export function readMarker({ subject, text }: StoredMessage): backbeat.WindowClose | undefined {
  if (Buffer.byteLength(text) > CONTROL_BYTES_MAX) return undefined;
  const { data: marker } = backbeat.WindowClose.safeParse(parse(text));
  if (marker === undefined) return undefined;
  const { epoch, from_beat: from, to_beat: to, window_id: id } = marker;
  const name = createHash('sha256')
    .update(`${subject.split('.')[1]}\n${epoch}\n${from}`)
    .digest('hex');
  const isOwn = id === name.slice(0, 32) && subject.endsWith(`.${id}`);
  return isOwn && to >= from && to - from < BAR_BEATS_MAX ? marker : undefined;
}

/** By the broker's clock: the window is over, but for a beat, its tempo can be, and its beats fit into the life. */
export function isCredible(
  marker: backbeat.WindowClose,
  storedAtMs: number,
  last: ClosedWindow | undefined,
): boolean {
  const { to_beat: to, epoch, beat_ms: beatMs, elapsed_ms: elapsedMs } = marker;
  if ((to + 1) * BEAT_MS_MIN > storedAtMs + CLOCKS_APART_MS - epoch) return false;
  if (
    beatMs !== undefined &&
    (beatMs < BEAT_MS_MIN / TEMPO_ROUNDING || beatMs > BEAT_MS_MAX * TEMPO_ROUNDING)
  )
    return false;
  if (last?.grid === undefined) return true;
  if (beatMs === undefined || elapsedMs === undefined) return false;
  if (storedAtMs < soonestEnd(to, last.marker, last.grid) - last.grid.beatMs) return false;
  const { endAtMs, beatMs: lastBeatMs } = last.grid;
  const passed = Math.max(to - last.marker.to_beat, (storedAtMs - endAtMs) / lastBeatMs);
  let [low, high] = [60_000 / lastBeatMs, 60_000 / lastBeatMs];
  for (let step = 0; step < Math.min(TEMPO_STEPS_MAX, Math.ceil(passed) + 1); step += 1) {
    low = Math.min(low * (1 - TEMPO_STEP), low - TEMPO_STEP_BPM);
    high = raised(high);
  }
  const bpm = 60_000 / beatMs;
  return bpm <= high * TEMPO_ROUNDING && bpm * TEMPO_ROUNDING >= low;
}

/** When the window ended: as its marker tells, but no later and no sooner than the window before it allows. */
export function gridOf(
  marker: backbeat.WindowClose,
  storedAtMs: number,
  before: ClosedWindow | undefined,
): ClosedWindow['grid'] {
  const { beat_ms: beatMs, elapsed_ms: elapsedMs, to_beat: to } = marker;
  if (beatMs === undefined || elapsedMs === undefined) return undefined;
  const toldMs = storedAtMs - Math.min(elapsedMs, ELAPSED_MAX_MS);
  if (before?.grid === undefined) return { endAtMs: toldMs, beatMs };
  const countedMs = before.grid.endAtMs + (to - before.marker.to_beat) * beatMs * CLOCK_RATE;
  const soonestMs = Math.min(storedAtMs, soonestEnd(to, before.marker, before.grid));
  return { endAtMs: Math.max(Math.min(toldMs, countedMs), soonestMs), beatMs };
}

/** Bar by bar, each faster than the one before by as much as a tempo may rise. */
function soonestEnd(
  to: number,
  { from_beat: first, to_beat: last }: backbeat.WindowClose,
  { endAtMs, beatMs }: { readonly endAtMs: number; readonly beatMs: number },
): number {
  const barBeats = last - first + 1;
  let bpm = 60_000 / beatMs;
  let atMs = endAtMs;
  for (let beat = last + 1; beat <= to; beat += barBeats) {
    if (bpm >= TEMPO_BPM_MAX) return atMs + (to - beat + 1) * BEAT_MS_MIN;
    bpm = raised(bpm);
    atMs += (Math.min(barBeats, to - beat + 1) * 60_000) / bpm;
  }
  return atMs;
}

function raised(bpm: number): number {
  return Math.max(bpm * (1 + TEMPO_STEP), bpm + TEMPO_STEP_BPM);
}

/** What a message stored now may name at most, counted on from the last window with a tempo that rises. */
export function lastBeatAllowed(closed: ClosedWindow | undefined, storedAtMs: number): number {
  if (closed?.grid === undefined) return Number.POSITIVE_INFINITY;
  const { endAtMs, beatMs } = closed.grid;
  const passed = Math.max(0, storedAtMs - endAtMs) / beatMs;
  return closed.marker.to_beat + 2 + Math.floor(passed * (1 + TEMPO_STEP) + FORGIVEN_BEATS);
}

/** Whether a claim of this very window was stored more than a beat before its own. */
export function isEarly(beat: number, storedAtMs: number, { marker, grid }: ClosedWindow): boolean {
  if (grid === undefined) return false;
  const beatAtMs = grid.endAtMs - (marker.to_beat + 1 - beat) * grid.beatMs;
  return storedAtMs < beatAtMs - (1 + FORGIVEN_BEATS) * grid.beatMs;
}
