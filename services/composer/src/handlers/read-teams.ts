import { CallError, type ReplyOf, type RequestOf, type teams } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { type Kysely } from 'kysely';
import { type TeamStore } from '../store/teams.ts';
import { toView } from '../view.ts';

interface ReadDependencies {
  readonly db: Kysely<DB>;
  readonly store: TeamStore;
}

export function listTeams({ db, store }: ReadDependencies) {
  return async (request: RequestOf<typeof teams.listTeams>): Promise<ReplyOf<typeof teams.listTeams>> =>
    await snapshot(db, async (trx) => {
      const { items: page, nextCursor } = await store.page(trx, request);
      const found = await store.loadAll(
        trx,
        page.map(({ id }) => id),
      );
      return { items: found.map(toView), next_cursor: nextCursor };
    });
}

export function getTeam({ db, store }: ReadDependencies) {
  return async ({ id }: RequestOf<typeof teams.getTeam>): Promise<teams.TeamView> => {
    const team = await snapshot(db, (trx) => store.load(trx, id));
    if (team === undefined) throw new CallError('not_found', 'there is no such team');
    return toView(team);
  };
}

export function getDecision({ db, store }: ReadDependencies) {
  return async ({ id }: RequestOf<typeof teams.getDecision>): Promise<teams.CompositionDecision> => {
    const decision = await store.decision(db, id);
    if (decision === undefined) throw new CallError('not_found', 'there is no such team');
    return decision;
  };
}

/** Several tables as they were at one moment: a view never mixes two revisions. */
async function snapshot<T>(db: Kysely<DB>, read: (trx: Kysely<DB>) => Promise<T>): Promise<T> {
  return await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((trx) => read(trx));
}
