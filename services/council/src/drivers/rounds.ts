import { isAway } from '@whoosh/bus';
import { type Clock } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type PaceBeat } from '../domain/pace.ts';
import { type CouncilLives } from '../lives.ts';
import { type CouncilQueries } from '../store/queries.ts';

/** Active councils are read in pages of this size. */
const PAGE_COUNCILS = 100;

interface RoundsDependencies {
  readonly queries: CouncilQueries;
  readonly lives: CouncilLives;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tells every active council that a bar begins. Each replica does it: the council's lock and the beat at which its
 * phase was opened let the second one find nothing to do.
 */
export function driveRounds({ queries, lives, clock, log }: RoundsDependencies) {
  return async ({ barFrom, barLength }: PaceBeat): Promise<void> => {
    let after: string | undefined;
    for (;;) {
      const ids = await queries.active(after, PAGE_COUNCILS);
      for (const id of ids) {
        try {
          await lives.apply(id, () => ({
            kind: 'downbeat',
            at: clock.now(),
            by: 'council',
            beat: barFrom,
            barLength,
          }));
        } catch (cause) {
          // With the database gone every other council would wait for the same failure.
          if (isAway(cause)) throw cause;
          log.error({ err: cause, council: id, beat: barFrom }, 'a council did not hear its downbeat');
        }
      }
      if (ids.length < PAGE_COUNCILS) return;
      after = ids.at(-1);
    }
  };
}
