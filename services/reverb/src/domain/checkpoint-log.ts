/** A checkpoint as it lies in the claims stream. */
export interface CheckpointPlace {
  /** Of the checkpoint itself. */
  readonly sequence: number;
  /** Of the marker that it stands behind; 0 for one that says none. */
  readonly marker: number;
  readonly storedAtMs: number;
}

/**
 * What one reader knows of the checkpoints in its stream, and what follows for its own: the newest one is where a restart
 * begins, so it has to stand behind the last marker of all, and what lies behind it must not be purged.
 */
export class CheckpointLog {
  readonly #everyMs: number;
  #newest: CheckpointPlace = { sequence: 0, marker: 0, storedAtMs: 0 };
  #before = 0;
  #isWriting = false;
  /** Of the last one of our own; until it is met, nothing is known of its time. */
  #written = 0;

  /** A checkpoint is written at most once in `everyMs`, by the stream's own time. */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Where the last checkpoint that is known lies in the stream; 0 for none. */
  get last(): number {
    return this.#newest.sequence;
  }

  /**
   * What lies before this sequence no restart needs: that of the marker of the checkpoint before the newest, so that a
   * replica that is a little behind finds all it needs; 0 while there is none.
   */
  get purgeBefore(): number {
    return Math.min(this.#before, this.#newest.marker);
  }

  /** In the order of the stream; one that was met before changes nothing. */
  meet(place: CheckpointPlace): void {
    if (place.sequence <= this.#newest.sequence) return;
    this.#before = this.#newest.marker;
    this.#newest = place;
  }

  /** The stream holds none any more. */
  forget(): void {
    this.#newest = { sequence: 0, marker: 0, storedAtMs: 0 };
    this.#before = 0;
  }

  isDue(storedAtMs: number): boolean {
    if (this.#isWriting || this.#written > this.#newest.sequence) return false;
    return storedAtMs - this.#newest.storedAtMs >= this.#everyMs;
  }

  beginWriting(): void {
    this.#isWriting = true;
  }

  /** Written as this sequence of the stream, or not at all. */
  endWriting(sequence: number | undefined): void {
    this.#isWriting = false;
    this.#written = sequence ?? this.#written;
  }

  /** Whether the state behind this marker is newer than that of every checkpoint that is known. */
  isNewer(marker: number): boolean {
    return marker > this.#newest.marker;
  }
}
