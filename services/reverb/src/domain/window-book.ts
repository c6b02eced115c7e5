import { type backbeat } from '@whoosh/contracts';
import { BeatBucket } from './beat-bucket.ts';
import { type BookCheckpoint, claimFromRow, type ClaimRow, rowsOf } from './checkpoint.ts';
import { type Broken, type ClaimFacts, type InvalidReason, type StreamEntry } from './entry.ts';
import { beatHorizon, gridOf, type WindowGrid } from './horizon.ts';
import { isPlausible } from './marker-rule.ts';
import { type OpenPromise, PromiseLedger } from './promises.ts';
import { assembleReport } from './report.ts';
import { type AgentDetail, rollUp } from './roll-up.ts';
import { RotationLedger } from './rotations.ts';

/** Claims of windows not yet closed, all together; beyond that they are a flood. */
export const PENDING_CLAIMS_MAX = 2_000_000;
/**
 * Different beats that wait; after twice as many they are thinned out to this. Before the first marker nothing says which beats are
 * far ahead, and a stream that nobody read for four hours has 28,800 of them at 120 BPM.
 */
export const PENDING_BEATS_MAX = 32_768;
/** Late claims that are kept until the next marker, in case it begins a new life of the cluster. */
export const LATE_KEPT_MAX = 50_000;

export interface ClosedWindow {
  readonly marker: backbeat.WindowClose;
  /** Of the marker. */
  readonly sequence: number;
  readonly storedAtMs: number;
  readonly report: backbeat.BarReport;
  readonly agents: ReadonlyMap<string, AgentDetail>;
  readonly claims: number;
  /** Claims that the closing showed to be too far ahead; those of later windows count in the next report. */
  readonly ahead: number;
  readonly openPromises: readonly OpenPromise[];
}

export type Applied =
  | { readonly kind: 'added' | 'copy' | 'late' | 'rotation' | 'stale_marker' }
  | { readonly kind: 'invalid'; readonly reason: InvalidReason }
  | ({ readonly kind: 'broken' } & Broken)
  | { readonly kind: 'closed'; readonly window: ClosedWindow };

interface LateClaim {
  readonly facts: ClaimFacts;
  readonly storedAtMs: number;
}

/**
 * Folds the claims stream into windows. Everything it knows comes from the stream in its order, so that
 * replicas, a restart from a checkpoint and a recomputation from the beginning give the same reports.
 *
 * In a window are the claims of its beats stored before its marker; a claim stored behind the marker of
 * its window is late and counted in the next report; one more than a beat ahead of the grid is invalid.
 */
export class WindowBook {
  readonly #beats = new Map<number, BeatBucket>();
  #pending = 0;
  #late: LateClaim[] = [];
  #lateBeyond = 0;
  #invalid: Partial<Record<InvalidReason, number>> = {};
  #promises = new PromiseLedger();
  #rotations = new RotationLedger();
  #rotationsRefused = 0;
  #agentsBefore: readonly string[] = [];
  #closed: { readonly epoch: number; readonly to: number; readonly from: number } | undefined;
  #grid: WindowGrid | undefined;
  #sequence = 0;

  /** Epoch and bounds of the last closed window. */
  get closed(): { readonly epoch: number; readonly from: number; readonly to: number } | undefined {
    return this.#closed;
  }

  /** Of the last marker that closed a window; 0 before the first. */
  get markerSequence(): number {
    return this.#sequence;
  }

  get pendingClaims(): number {
    return this.#pending;
  }

  /** Beats with claims that wait for their window, in order. */
  get pendingBeats(): number[] {
    return [...this.#beats.keys()].toSorted((a, b) => a - b);
  }

  bucket(beat: number): BeatBucket | undefined {
    return this.#beats.get(beat);
  }

  apply(entry: StreamEntry): Applied {
    switch (entry.kind) {
      case 'claim':
        return this.#claim(entry.claim, entry.storedAtMs);
      case 'invalid':
        return this.#refuse(entry.reason);
      case 'rotation':
        return this.#rotation(entry.rotation, entry.storedAtMs);
      case 'broken':
        if (entry.what === 'rotation') this.#rotationsRefused += 1;
        return entry;
      case 'marker':
        return this.#close(entry.marker, entry.sequence, entry.storedAtMs);
    }
  }

  /** All that is known behind the last marker, to start again from. */
  checkpoint(): BookCheckpoint {
    return {
      sequence: this.#sequence,
      closed: this.#closed,
      grid: this.#grid,
      invalid: { ...this.#invalid },
      promises: this.#promises.open,
      rotations: this.#rotations.awaited,
      agentsBefore: this.#agentsBefore,
      claims: [...this.#beats].flatMap(([beat, bucket]): ClaimRow[] => rowsOf(beat, bucket)),
    };
  }

  /** Only right when taken directly behind a marker: late and invalid counts begin anew there. */
  static restore(checkpoint: BookCheckpoint): WindowBook {
    const book = new WindowBook();
    book.#sequence = checkpoint.sequence;
    book.#closed = checkpoint.closed;
    const { closed, grid } = checkpoint;
    // Checkpoints of older writers do not say how long the window was.
    book.#grid = grid && {
      ...grid,
      beats: grid.beats ?? (closed === undefined ? 1 : closed.to - closed.from + 1),
    };
    book.#invalid = { ...checkpoint.invalid };
    book.#promises = new PromiseLedger(checkpoint.promises);
    book.#rotations = new RotationLedger(checkpoint.rotations);
    book.#agentsBefore = checkpoint.agentsBefore;
    for (const row of checkpoint.claims) {
      const { facts, storedAtMs } = claimFromRow(row);
      book.#add(facts, storedAtMs);
    }
    return book;
  }

  #claim(facts: ClaimFacts, storedAtMs: number): Applied {
    if (this.#closed !== undefined && facts.beat <= this.#closed.to) {
      if (this.#late.length < LATE_KEPT_MAX) this.#late.push({ facts, storedAtMs });
      else this.#lateBeyond += 1;
      return { kind: 'late' };
    }
    if (facts.beat > beatHorizon(this.#grid, storedAtMs)) return this.#refuse('ahead');
    return this.#add(facts, storedAtMs);
  }

  #add(facts: ClaimFacts, storedAtMs: number): Applied {
    if (this.#pending >= PENDING_CLAIMS_MAX) return this.#refuse('flood');
    let bucket = this.#beats.get(facts.beat);
    if (bucket === undefined) {
      bucket = new BeatBucket();
      this.#beats.set(facts.beat, bucket);
      if (this.#beats.size > 2 * PENDING_BEATS_MAX) this.#thinOut();
      if (!this.#beats.has(facts.beat)) return this.#refuse('ahead');
    }
    const added = bucket.add(facts, storedAtMs);
    if (added === 'flood') return this.#refuse('flood');
    if (added === 'added') this.#pending += 1;
    return { kind: added };
  }

  /** Keeps the beats that most claims are of, the earlier ones where they are equal: what one liar names has few. */
  #thinOut(): void {
    const order = [...this.#beats].toSorted(
      ([a, { claims: claimsA }], [b, { claims: claimsB }]) => claimsB - claimsA || a - b,
    );
    let dropped = 0;
    for (const [beat] of order.slice(PENDING_BEATS_MAX)) dropped += this.#drop(beat).claims;
    this.#invalid.ahead = (this.#invalid.ahead ?? 0) + dropped;
  }

  #rotation(rotation: backbeat.Rotation, storedAtMs: number): Applied {
    const taken = this.#rotations.take(rotation, beatHorizon(this.#grid, storedAtMs));
    if (taken === 'taken') return { kind: 'rotation' };
    this.#rotationsRefused += 1;
    return { kind: 'broken', what: 'rotation', reason: taken };
  }

  #refuse(reason: InvalidReason): Applied {
    this.#invalid[reason] = (this.#invalid[reason] ?? 0) + 1;
    return { kind: 'invalid', reason };
  }

  #close(marker: backbeat.WindowClose, sequence: number, storedAtMs: number): Applied {
    const closed = this.#closed;
    const isNewEpoch = closed !== undefined && marker.epoch > closed.epoch;
    const isBehind =
      closed !== undefined && !isNewEpoch && (marker.epoch < closed.epoch || marker.to_beat <= closed.to);
    if (isBehind || marker.to_beat < marker.from_beat) return { kind: 'stale_marker' };
    if (!isPlausible(marker, storedAtMs, closed, this.#grid))
      return { kind: 'broken', what: 'marker', reason: 'implausible' };
    if (isNewEpoch) this.#beginEpoch(marker);
    // Two writers who disagree about a bar still cut the stream into windows that do not overlap.
    const fromBeat =
      closed === undefined || isNewEpoch ? marker.from_beat : Math.max(marker.from_beat, closed.to + 1);
    const taken = this.#takeThrough(marker.to_beat, fromBeat);
    const grid = gridOf(marker, storedAtMs, isNewEpoch ? undefined : this.#grid);
    const sums = rollUp({
      beats: taken.window,
      grid,
      onTimeUntilMs: storedAtMs - marker.grace_ms,
      toBeat: marker.to_beat,
      promises: this.#promises,
    });
    const horizon = beatHorizon(grid, storedAtMs);
    const report = assembleReport({
      marker,
      rollUp: sums,
      late: this.#late.length + this.#lateBeyond + taken.missed,
      invalid: this.#invalid,
      silent: this.#agentsBefore.reduce((silent, agent) => (sums.agents.has(agent) ? silent : silent + 1), 0),
      rotationsUnmet: this.#rotations.close(marker.to_beat),
      rotationsRefused: this.#rotationsRefused + this.#rotations.dropBeyond(horizon),
    });
    this.#closed = { epoch: marker.epoch, from: marker.from_beat, to: marker.to_beat };
    this.#grid = grid;
    this.#sequence = sequence;
    this.#agentsBefore = [...sums.agents.keys()];
    this.#late = [];
    this.#lateBeyond = 0;
    this.#invalid = {};
    this.#rotationsRefused = 0;
    const dropped = this.#dropBeyond(horizon);
    const window: ClosedWindow = {
      marker,
      sequence,
      storedAtMs,
      report,
      agents: sums.agents,
      claims: sums.claims,
      ahead: sums.ahead + dropped,
      openPromises: this.#promises.open,
    };
    return { kind: 'closed', window };
  }

  /** The cluster's indices have restarted: what was late for the old life may belong to the new one. */
  #beginEpoch(marker: backbeat.WindowClose): void {
    this.#promises.clear();
    this.#rotations.beginEpoch({ from: marker.from_beat, to: marker.to_beat });
    this.#agentsBefore = [];
    for (const beat of this.pendingBeats) {
      if (beat < marker.from_beat || beat > marker.to_beat + 1) this.#drop(beat);
    }
    const late = this.#late;
    this.#late = [];
    for (const claim of late) {
      if (claim.facts.beat < marker.from_beat) this.#late.push(claim);
      else this.#add(claim.facts, claim.storedAtMs);
    }
  }

  /** Takes the window's beats out, and those before it, whose window was never closed. */
  #takeThrough(toBeat: number, fromBeat: number): { window: [number, BeatBucket][]; missed: number } {
    const window: [number, BeatBucket][] = [];
    let missed = 0;
    for (const beat of this.pendingBeats) {
      if (beat > toBeat) break;
      const bucket = this.#drop(beat);
      if (beat < fromBeat) missed += bucket.claims;
      else window.push([beat, bucket]);
    }
    return { window, missed };
  }

  /** What was let in before there was a grid and turns out to be far ahead counts in the next report. */
  #dropBeyond(horizon: number): number {
    let dropped = 0;
    for (const beat of this.pendingBeats) {
      if (beat <= horizon) continue;
      const { claims } = this.#drop(beat);
      dropped += claims;
    }
    if (dropped > 0) this.#invalid.ahead = (this.#invalid.ahead ?? 0) + dropped;
    return dropped;
  }

  #drop(beat: number): BeatBucket {
    const bucket = this.#beats.get(beat) ?? new BeatBucket();
    this.#beats.delete(beat);
    this.#pending -= bucket.claims;
    return bucket;
  }
}
