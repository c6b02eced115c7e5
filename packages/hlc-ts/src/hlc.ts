import { isTimestamp, NODE_MAX, type Timestamp, WALL_MS_MAX } from './timestamp.ts';

/**
 * Readings per millisecond before the next millisecond is borrowed. 256 and not 65,536, so that
 * every reading of this clock fits the wire form exactly and wire texts of one clock never tie.
 */
export const LOGICAL_PER_MS = 256;

export interface HlcOptions {
  /** The physical clock in milliseconds since 1970. May jump, freeze and go back. */
  readonly physicalMs: () => number;
  /** 16-bit tie breaker, for example {@link nodeSuffix} of a name. */
  readonly node: number;
  /** How far ahead of the own physical clock a remote reading may be for `updateChecked`. */
  readonly maxOffsetMs?: number;
  /** The bound persisted by the previous run: no reading of this run is at or below it. */
  readonly initialUpperBoundMs?: number;
  /**
   * Called before a reading at or above the bound is handed out; must have made the bound durable
   * when it returns. When it throws, the reading is not made.
   */
  readonly persistUpperBound?: (upperBoundMs: number) => void;
  /** How far ahead of the reading each new bound is set. Below `maxOffsetMs`, or a restarted clock is refused by others. */
  readonly upperBoundStepMs?: number;
}

export interface HlcCounters {
  /** Remote readings refused by `updateChecked`. */
  readonly refused: number;
  /** Physical readings that lay more than a tenth of `maxOffsetMs` behind an earlier one. */
  readonly backwardJumps: number;
  /** Milliseconds borrowed because more than 256 readings fell into one. */
  readonly borrowedMs: number;
  /** Physical readings that were no time at all (NaN, negative, beyond 48 bits). */
  readonly badReadings: number;
}

export type CheckedUpdate =
  { readonly ok: true; readonly timestamp: Timestamp } | { readonly ok: false; readonly aheadMs: number };

/**
 * A hybrid logical clock: Kulkarni, Demirbas, Madeppa, Avva, Leone, "Logical Physical Clocks and
 * Consistent Snapshots in Globally Distributed Databases" (2014), figure 5. If one event can have
 * caused another, its reading is smaller; the wall part stays within the clocks' offset of real time.
 */
export class Hlc {
  readonly node: number;
  readonly maxOffsetMs: number;
  readonly #physicalMs: () => number;
  readonly #persistUpperBound: ((upperBoundMs: number) => void) | undefined;
  readonly #upperBoundStepMs: number;
  #upperBoundMs: number;
  #wallMs: number;
  #logical = 0;
  #physicalMaxMs = 0;
  #refused = 0;
  #backwardJumps = 0;
  #borrowedMs = 0;
  #badReadings = 0;

  constructor(options: HlcOptions) {
    if (!Number.isInteger(options.node) || options.node < 0 || options.node > NODE_MAX) {
      throw new RangeError(`node must be a whole number of 16 bits: ${options.node}`);
    }
    this.node = options.node;
    this.maxOffsetMs = options.maxOffsetMs ?? 500;
    this.#physicalMs = options.physicalMs;
    this.#persistUpperBound = options.persistUpperBound;
    this.#upperBoundStepMs = Math.max(1, Math.floor(options.upperBoundStepMs ?? this.maxOffsetMs / 2));
    const initialUpperBoundMs = options.initialUpperBoundMs ?? 0;
    if (
      !Number.isInteger(initialUpperBoundMs) ||
      initialUpperBoundMs < 0 ||
      initialUpperBoundMs > WALL_MS_MAX
    ) {
      throw new RangeError(`initialUpperBoundMs must be whole milliseconds: ${initialUpperBoundMs}`);
    }
    this.#upperBoundMs = initialUpperBoundMs;
    this.#wallMs = initialUpperBoundMs;
  }

  get counters(): HlcCounters {
    return {
      refused: this.#refused,
      backwardJumps: this.#backwardJumps,
      borrowedMs: this.#borrowedMs,
      badReadings: this.#badReadings,
    };
  }

  /** The reading for a local event or a message to be sent; greater than every earlier one of this clock. */
  now(): Timestamp {
    const physicalMs = this.#readPhysical();
    return physicalMs > this.#wallMs
      ? this.#advance(physicalMs, 0)
      : this.#advance(this.#wallMs, this.#logical + 1);
  }

  /** The reading for a received message, greater than both. Trusts the sender; see {@link updateChecked}. */
  update(remote: Timestamp): Timestamp {
    if (!isTimestamp(remote)) throw new RangeError('remote is not a timestamp of 48, 16 and 16 bits');
    return this.#merge(remote, this.#readPhysical());
  }

  /**
   * Like {@link update}, but refuses a reading more than `maxOffsetMs` ahead of the own physical
   * clock, so that one broken clock cannot drag all others along. A refusal leaves the state as it was.
   */
  updateChecked(remote: Timestamp): CheckedUpdate {
    if (!isTimestamp(remote)) throw new RangeError('remote is not a timestamp of 48, 16 and 16 bits');
    const physicalMs = this.#readPhysical();
    const aheadMs = remote.wallMs - physicalMs;
    if (aheadMs > this.maxOffsetMs) {
      this.#refused += 1;
      return { ok: false, aheadMs };
    }
    return { ok: true, timestamp: this.#merge(remote, physicalMs) };
  }

  #merge(remote: Timestamp, physicalMs: number): Timestamp {
    const wallMs = Math.max(this.#wallMs, remote.wallMs, physicalMs);
    let logical = 0;
    if (wallMs === this.#wallMs && wallMs === remote.wallMs) {
      logical = Math.max(this.#logical, remote.logical) + 1;
    } else if (wallMs === this.#wallMs) {
      logical = this.#logical + 1;
    } else if (wallMs === remote.wallMs) {
      logical = remote.logical + 1;
    }
    return this.#advance(wallMs, logical);
  }

  #advance(wallMs: number, logical: number): Timestamp {
    const borrowedMs = Math.floor(logical / LOGICAL_PER_MS);
    const nextWallMs = wallMs + borrowedMs;
    const nextLogical = logical % LOGICAL_PER_MS;
    if (nextWallMs > WALL_MS_MAX) throw new RangeError('the clock is beyond its 48 bits of milliseconds');
    if (this.#persistUpperBound !== undefined && nextWallMs >= this.#upperBoundMs) {
      const upperBoundMs = Math.min(WALL_MS_MAX, nextWallMs + this.#upperBoundStepMs);
      this.#persistUpperBound(upperBoundMs);
      this.#upperBoundMs = upperBoundMs;
    }
    this.#wallMs = nextWallMs;
    this.#logical = nextLogical;
    this.#borrowedMs += borrowedMs;
    return { wallMs: nextWallMs, logical: nextLogical, node: this.node };
  }

  /** A reading that is no time counts as "not advanced": the clock stays monotonic and goes on. */
  #readPhysical(): number {
    const readingMs = Math.floor(this.#physicalMs());
    if (!(readingMs >= 0 && readingMs <= WALL_MS_MAX)) {
      this.#badReadings += 1;
      return this.#physicalMaxMs;
    }
    if (readingMs < this.#physicalMaxMs - this.maxOffsetMs / 10) this.#backwardJumps += 1;
    this.#physicalMaxMs = Math.max(this.#physicalMaxMs, readingMs);
    return readingMs;
  }
}
