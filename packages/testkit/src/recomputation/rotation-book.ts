import { backbeat } from '@whoosh/contracts';

const ROTATION_BYTES_MAX = 8_192;
const ROTATIONS_MAX = 1_000;
const ROTATION_AHEAD_BEATS_MAX = 1_000;

/** Which secrets had to be rotated, from window to window. */
export class RotationBook {
  readonly #awaited = new Map<string, { readonly beat: number; readonly isDone: boolean }>();
  #refused = 0;

  /** `allowed` is the last beat that anything may name now. */
  take(text: string, isBelieved: boolean, allowed: number): void {
    const rotation = isBelieved ? read(text) : undefined;
    const known = rotation && this.#awaited.get(rotation.name);
    if (rotation === undefined) this.#refused += 1;
    else if (rotation.state !== 'required') {
      if (known !== undefined)
        this.#awaited.set(rotation.name, { ...known, isDone: rotation.state === 'done' });
    } else if (isBeyond(rotation.beat_index, allowed)) this.#refused += 1;
    else if (known === undefined && this.#awaited.size >= ROTATIONS_MAX) this.#refused += 1;
    else if (known === undefined || known.isDone)
      this.#awaited.set(rotation.name, { beat: rotation.beat_index, isDone: false });
  }

  /** What the window up to `toBeat` comes to; what turns out to be far ahead of `allowed` is gone and counted. */
  close(toBeat: number, allowed: number): { readonly unmet: number; readonly refused: number } {
    let unmet = 0;
    for (const [name, { beat, isDone }] of this.#awaited) {
      if (beat <= toBeat && !isDone) unmet += 1;
      if (isBeyond(beat, allowed)) this.#refused += 1;
      if (beat <= toBeat || isBeyond(beat, allowed)) this.#awaited.delete(name);
    }
    const refused = this.#refused;
    this.#refused = 0;
    return { unmet, refused };
  }
}

function isBeyond(beat: number, allowed: number): boolean {
  return beat - ROTATION_AHEAD_BEATS_MAX > allowed;
}

function read(text: string): backbeat.Rotation | undefined {
  if (Buffer.byteLength(text) > ROTATION_BYTES_MAX) return undefined;
  try {
    return backbeat.Rotation.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
