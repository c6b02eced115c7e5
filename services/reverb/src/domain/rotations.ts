import { type backbeat } from '@whoosh/contracts';

/** Rotations that are awaited at a time. */
export const ROTATIONS_MAX = 1_000;
/** A rotation may be required so many beats before its time: 1,000 are 8 h 20 min at the default tempo. */
export const ROTATION_AHEAD_BEATS_MAX = 1_000;

export interface AwaitedRotation {
  readonly name: string;
  readonly beat: number;
  readonly isDone: boolean;
}

/** Secrets that had to be rotated, until the window in which it was required closes. */
export class RotationLedger {
  readonly #awaited = new Map<string, AwaitedRotation>();

  constructor(awaited: Iterable<AwaitedRotation> = []) {
    for (const rotation of awaited) this.#awaited.set(rotation.name, rotation);
  }

  get awaited(): AwaitedRotation[] {
    return [...this.#awaited.values()];
  }

  /** `horizon` is the last beat that anything may name now; demands far beyond it are not taken. */
  take({ name, state, beat_index: beat }: backbeat.Rotation, horizon: number): 'taken' | 'ahead' | 'flood' {
    const awaited = this.#awaited.get(name);
    if (state !== 'required') {
      if (awaited !== undefined) this.#awaited.set(name, { ...awaited, isDone: state === 'done' });
      return 'taken';
    }
    if (beat - ROTATION_AHEAD_BEATS_MAX > horizon) return 'ahead';
    // Required again before it was done: the earlier demand stands.
    if (awaited !== undefined && !awaited.isDone) return 'taken';
    if (awaited === undefined && this.#awaited.size >= ROTATIONS_MAX) return 'flood';
    this.#awaited.set(name, { name, beat, isDone: false });
    return 'taken';
  }

  /** Closes the demands up to this beat; answers how many were not met. */
  close(throughBeat: number): number {
    let unmet = 0;
    for (const { name, beat, isDone } of this.awaited) {
      if (beat > throughBeat) continue;
      this.#awaited.delete(name);
      if (!isDone) unmet += 1;
    }
    return unmet;
  }

  /** Forgets what was let in before there was a grid and turns out to be far ahead; answers how much. */
  dropBeyond(horizon: number): number {
    return this.#drop(({ beat }) => beat - ROTATION_AHEAD_BEATS_MAX > horizon);
  }

  /** The cluster's indices have restarted: demands that are not of its first window were made in the old life. */
  beginEpoch({ from, to }: { readonly from: number; readonly to: number }): void {
    this.#drop(({ beat }) => beat < from || beat > to + 1);
  }

  #drop(isGone: (rotation: AwaitedRotation) => boolean): number {
    const gone = this.awaited.filter(isGone);
    for (const { name } of gone) this.#awaited.delete(name);
    return gone.length;
  }
}
