/** The grid that paces a council while no pulse is heard: every replica with the same clock counts the same beats. */
import { type Instant } from '@whoosh/stdx';

/** A beat as the council needs it. */
export interface PaceBeat {
  readonly index: number;
  /** First beat of the bar it is in. */
  readonly barFrom: number;
  readonly barLength: number;
  readonly beatMs: number;
  /** Whether a pulse gave it, or the local grid. */
  readonly heard: boolean;
}

export interface LocalGrid {
  readonly beatMs: number;
  readonly barLength: number;
}

const MINUTE_MS = 60_000;

export function localGrid(tempoBpm: number, barLength: number): LocalGrid {
  return { beatMs: MINUTE_MS / tempoBpm, barLength };
}

/** Counted from the epoch, so that nothing has to be agreed upon. */
export function localBeat({ beatMs, barLength }: LocalGrid, now: Instant): PaceBeat {
  const index = Math.floor(now / beatMs);
  return { index, barFrom: index - (index % barLength), barLength, beatMs, heard: false };
}

/** How long until the next bar of the grid begins. */
export function msUntilNextBar(grid: LocalGrid, now: Instant): number {
  const { barFrom } = localBeat(grid, now);
  return (barFrom + grid.barLength) * grid.beatMs - now;
}
