import { type backbeat } from '@whoosh/contracts';
import {
  AHEAD_BEATS_MAX,
  BEAT_MS_MAX,
  BEAT_MS_MIN,
  earliestEnd,
  faster,
  TEMPO_STEP_BPM_MIN,
  TEMPO_STEP_MAX,
  type WindowGrid,
} from './horizon.ts';

/** Clocks of pulse and broker differ by less than this. */
const CLOCKS_APART_MAX_MS = 3_600_000;
/** Rounding of what writers say of the tempo. */
const TEMPO_SLACK = 1.01;
/** Steps after which every tempo is within reach: 1.1^200 is more than 10^8. */
const STEPS_MAX = 200;
/** By so much the next window of a life is overdue before another life may take its place. */
const OVERDUE_MIN_MS = 2_000;
const OVERDUE_MAX_MS = 5_000;

type Marker = Pick<backbeat.WindowClose, 'epoch' | 'to_beat' | 'beat_ms' | 'elapsed_ms'>;

export interface ClosedBounds {
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Whether a marker can be true, by what the stream says alone: its stored time against the grid of the window that was
 * closed last. So replicas, a restart and a recomputation agree, whatever each of them hears. Too strict is no harm: an
 * honest writer says it again a little later; too generous is, because what is closed stays closed.
 *
 * - A window is closed when it is over: its end counted on from the last grid at the fastest rise of the tempo, less the
 *   beat by which a claim may be early.
 * - Its tempo is one that steps of a tenth lead to.
 * - Another life begins when this one is overdue, and no earlier than its epoch says; its beats fit into its age.
 */
export function isPlausible(
  marker: Marker,
  storedAtMs: number,
  closed: ClosedBounds | undefined,
  grid: WindowGrid | undefined,
): boolean {
  const ageMs = storedAtMs + CLOCKS_APART_MAX_MS - marker.epoch;
  if ((marker.to_beat + 1) * BEAT_MS_MIN > ageMs) return false;
  const { beat_ms: beatMs = BEAT_MS_MIN } = marker;
  if (beatMs < BEAT_MS_MIN / TEMPO_SLACK || beatMs > BEAT_MS_MAX * TEMPO_SLACK) return false;
  if (closed === undefined || grid === undefined) return true;
  // Whoever leaves them out would take the grid away by which the next marker is judged.
  if (marker.beat_ms === undefined || marker.elapsed_ms === undefined) return false;
  if (marker.epoch > closed.epoch) return storedAtMs >= overdueAt(closed, grid);
  return (
    storedAtMs >= earliestEnd(marker.to_beat, grid) - AHEAD_BEATS_MAX * grid.beatMs &&
    isTempoReachable(beatMs, marker.to_beat, storedAtMs, grid)
  );
}

function isTempoReachable(
  beatMs: number,
  toBeat: number,
  storedAtMs: number,
  { endAtMs, beatMs: lastBeatMs, toBeat: lastBeat }: WindowGrid,
): boolean {
  const passed = Math.max(toBeat - lastBeat, (storedAtMs - endAtMs) / lastBeatMs);
  const steps = Math.min(STEPS_MAX, Math.ceil(passed) + 1);
  const bpm = 60_000 / beatMs;
  let fastest = 60_000 / lastBeatMs;
  let slowest = fastest;
  for (let step = 0; step < steps; step += 1) {
    fastest = faster(fastest);
    slowest = Math.min(slowest * (1 - TEMPO_STEP_MAX), slowest - TEMPO_STEP_BPM_MIN);
  }
  return bpm <= fastest * TEMPO_SLACK && bpm * TEMPO_SLACK >= slowest;
}

function overdueAt({ from, to }: ClosedBounds, { endAtMs, beatMs }: WindowGrid): number {
  const slackMs = Math.min(OVERDUE_MAX_MS, Math.max(OVERDUE_MIN_MS, beatMs));
  return endAtMs + (to - from + 1) * beatMs + slackMs;
}
