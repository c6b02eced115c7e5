import { type ReplyOf, type RequestOf, type teams } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { type Clock } from '@whoosh/stdx';
import { type Kysely } from 'kysely';
import { type TeamComposer } from '../compose-team.ts';

interface AnalyzeDependencies {
  readonly db: Kysely<DB>;
  readonly composer: TeamComposer;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** What a team for this text would be, without making one. */
export function analyzeTask({ db, composer, clock, newId }: AnalyzeDependencies) {
  return async (request: RequestOf<typeof teams.analyzeTask>): Promise<ReplyOf<typeof teams.analyzeTask>> => {
    const online = await composer.agents();
    const task = { id: newId(), title: request.title, body: request.body, labels: request.labels };
    const { analysis, candidates } = await composer.decide(db, {
      id: newId(),
      task,
      online,
      at: clock.now(),
    });
    return { analysis, candidates };
  };
}
