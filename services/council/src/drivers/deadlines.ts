import { setTimeout as wait } from 'node:timers/promises';
import { isAway } from '@whoosh/bus';
import { type Clock } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type CouncilLives } from '../lives.ts';
import { type CouncilMetrics } from '../metrics.ts';
import { type Pace } from '../pace.ts';
import { type CouncilQueries } from '../store/queries.ts';

const DUE_MAX = 100;

interface DeadlineDependencies {
  readonly queries: CouncilQueries;
  readonly lives: CouncilLives;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly metrics: CouncilMetrics;
  readonly log: Log;
  readonly checkMs: number;
}

/**
 * Finds reservations and deadlines that are over in the tables and feeds the time to their councils. Nothing is
 * remembered between two looks, so that a crash loses none.
 */
export function driveDeadlines(deps: DeadlineDependencies) {
  return async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await passTime(deps);
      await wait(deps.checkMs, undefined, { signal }).catch(() => undefined);
    }
  };
}

async function passTime({ queries, lives, pace, clock, metrics, log }: DeadlineDependencies): Promise<void> {
  metrics.setLive(await queries.live());
  const at = clock.now();
  const now = pace.now();
  const beat = now.heard ? now.index : null;
  for (const id of await queries.due(at, DUE_MAX)) {
    try {
      await lives.apply(id, () => ({ kind: 'clock', at, by: 'council', beat }));
    } catch (cause) {
      // One council that cannot be changed must not keep the others from their deadlines.
      if (isAway(cause)) throw cause;
      log.error({ err: cause, council: id }, 'a deadline could not be worked off');
    }
  }
}
