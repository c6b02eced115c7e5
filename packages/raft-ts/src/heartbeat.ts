import { type Core } from './core.ts';

/** Asserts leadership; carries the commit index only as far as the follower is known to hold it. */
export function broadcastHeartbeat(core: Core): void {
  for (const to of core.others()) {
    const progress = core.progressOf(to);
    const commit = Math.min(progress.match, core.log.committed);
    const readRound = core.reads.round;
    core.send({ type: 'heartbeat', to, commit, sentTick: core.ticks, readRound });
    progress.sentCommit = commit;
  }
}
