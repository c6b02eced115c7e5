import { setTimeout as wait } from 'node:timers/promises';
import { type Beat, type BeatListener } from '@whoosh/backbeat-sdk';
import { type Clock } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { localBeat, type LocalGrid, msUntilNextBar, type PaceBeat } from './domain/pace.ts';

/** A pulse that is not heard within this time of the start is done without; it is heard as soon as it beats. */
const SILENCE_MS_MAX = 10_000;
const MINUTE_MS = 60_000;
/** Timers cannot wait longer; the loop just looks again. */
const WAIT_MS_MAX = 60_000;

export interface PaceOptions {
  /** Undefined when BACKBEAT is switched off. */
  readonly listener: BeatListener | undefined;
  readonly grid: LocalGrid;
  readonly clock: Clock;
  readonly log: Log;
  readonly silenceMsMax?: number;
  readonly onLocal: (isLocal: boolean) => void;
}

/**
 * Which beat it is: the pulse's while one is heard (the listener goes on by itself when it falls silent), that of the
 * local grid when none was ever heard.
 */
export class Pace {
  readonly #options: PaceOptions;
  readonly #silentUntil: number;

  constructor(options: PaceOptions) {
    this.#options = options;
    const { clock, listener, silenceMsMax = SILENCE_MS_MAX } = options;
    this.#silentUntil = listener === undefined ? 0 : clock.now() + silenceMsMax;
  }

  now(): PaceBeat {
    const { listener, grid, clock } = this.#options;
    const beat = listener?.currentBeat();
    return beat === undefined ? localBeat(grid, clock.now()) : heardBeat(beat);
  }

  /** Calls back at the first beat of every bar until aborted; one call at a time, a missed bar is left out. */
  async run(onDownbeat: (beat: PaceBeat) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { listener, log, onLocal } = this.#options;
    const leave = listener?.onDownbeat(async (beat) => {
      onLocal(false);
      await onDownbeat(heardBeat(beat));
    });
    const stopTelling = listener?.onProblem((problem) => {
      if (problem.kind !== 'failed_callback') return;
      log.error({ err: problem.cause, beat: problem.beat.index }, 'a downbeat could not be worked off');
    });
    try {
      await this.#runLocally(onDownbeat, signal);
    } finally {
      leave?.();
      stopTelling?.();
    }
  }

  async #runLocally(onDownbeat: (beat: PaceBeat) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, grid, log, onLocal } = this.#options;
    let isTold = false;
    while (!signal.aborted) {
      if (!this.#isLocal()) {
        isTold = false;
        await pause(Math.max(0, this.#silentUntil - clock.now()) || SILENCE_MS_MAX, signal);
        continue;
      }
      if (!isTold) log.warn({ beat_ms: grid.beatMs }, 'no pulse is heard, rounds follow the local grid');
      isTold = true;
      onLocal(true);
      await pause(msUntilNextBar(grid, clock.now()) + 1, signal);
      if (this.#isLocal() && !signal.aborted) await onDownbeat(localBeat(grid, clock.now()));
    }
  }

  #isLocal(): boolean {
    const { listener, clock } = this.#options;
    if (listener === undefined) return true;
    return listener.health().mode === 'silent' && clock.now() >= this.#silentUntil;
  }
}

function heardBeat({ index, windowFrom, barLength, tempoBpm }: Beat): PaceBeat {
  return { index, barFrom: windowFrom, barLength, beatMs: MINUTE_MS / tempoBpm, heard: true };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(Math.min(ms, WAIT_MS_MAX), undefined, { signal }).catch(() => undefined);
}
