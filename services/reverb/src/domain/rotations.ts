import { type backbeat } from '@whoosh/contracts';

/** Rotations that are awaited at a time. */
export const ROTATIONS_MAX = 1_000;

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

  take({ name, state, beat_index: beat }: backbeat.Rotation): void {
    const awaited = this.#awaited.get(name);
    if (state !== 'required') {
      if (awaited !== undefined) this.#awaited.set(name, { ...awaited, isDone: state === 'done' });
      return;
    }
    // Required again before it was done: the earlier demand stands.
    if (awaited !== undefined && !awaited.isDone) return;
    if (awaited === undefined && this.#awaited.size >= ROTATIONS_MAX) return;
    this.#awaited.set(name, { name, beat, isDone: false });
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
}
