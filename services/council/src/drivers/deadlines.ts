import { setTimeout as wait } from 'node:timers/promises';
import { type Clock } from '@whoosh/stdx';
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

async function passTime({ queries, lives, pace, clock, metrics }: DeadlineDependencies): Promise<void> {
  metrics.setLive(await queries.live());
  const at = clock.now();
  const now = pace.now();
  const beat = now.heard ? now.index : null;
  for (const id of await queries.due(at, DUE_MAX)) {
    await lives.apply(id, () => ({ kind: 'clock', at, by: 'council', beat }));
  }
}
