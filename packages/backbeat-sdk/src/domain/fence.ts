/** Where a frame stands in the life of a cluster. */
export interface FencePoint {
  readonly epoch: number;
  readonly term: number;
  readonly index: number;
}

export type FenceVerdict = 'pass' | 'old_epoch' | 'old_term' | 'seen';

/**
 * Decides which frames count: a higher epoch always (the cluster began anew, its indices restart); in
 * one epoch only rising terms and strictly rising indices. Copies of a hedged frame are `seen`.
 */
export function judge(last: FencePoint | undefined, frame: FencePoint): FenceVerdict {
  if (last === undefined || frame.epoch > last.epoch) return 'pass';
  if (frame.epoch < last.epoch) return 'old_epoch';
  if (frame.term < last.term) return 'old_term';
  return frame.index > last.index ? 'pass' : 'seen';
}
