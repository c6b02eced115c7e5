import { type Entry } from './entry.ts';

/** The first beat of a new cluster falls so long after its first election. */
const FIRST_BEAT_MS = 100;

/** What a new cluster begins with: its epoch (Unix ms of the first election), its grid and its tempo. */
export function firstEntry(options: {
  readonly epoch: number;
  readonly gridTime: number;
  readonly tempoBpm: number;
  readonly barLength: number;
}): Entry {
  const { epoch, gridTime, tempoBpm, barLength } = options;
  return {
    type: 'init',
    epoch,
    anchor: { index: 0, at: gridTime + FIRST_BEAT_MS },
    tempo: tempoBpm,
    bar_length: barLength,
  };
}
