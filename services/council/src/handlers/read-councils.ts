import { CallError, type councils, type ReplyOf, type RequestOf } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { type Kysely } from 'kysely';
import { type Council } from '../domain/council.ts';
import { type CouncilStore } from '../store/councils.ts';
import { type CouncilQueries } from '../store/queries.ts';
import { artifactView, toView } from '../view.ts';

interface ReadDependencies {
  readonly db: Kysely<DB>;
  readonly store: CouncilStore;
  readonly queries: CouncilQueries;
}

export function listCouncils({ db, store, queries }: ReadDependencies) {
  return async (
    request: RequestOf<typeof councils.listCouncils>,
  ): Promise<ReplyOf<typeof councils.listCouncils>> => {
    const { items: page, nextCursor } = await queries.page(request);
    const found = await snapshot(db, (trx) =>
      store.loadAll(
        trx,
        page.map(({ id }) => id),
      ),
    );
    return { items: found.map(toView), next_cursor: nextCursor };
  };
}

export function getCouncil(deps: ReadDependencies) {
  return async ({ id }: RequestOf<typeof councils.getCouncil>): Promise<councils.CouncilView> =>
    toView(await existing(deps, id));
}

export function listArtifacts(deps: ReadDependencies) {
  return async (
    request: RequestOf<typeof councils.listArtifacts>,
  ): Promise<ReplyOf<typeof councils.listArtifacts>> => {
    const council = await existing(deps, request.council_id);
    const { items: page, nextCursor } = await deps.queries.artifactIds(council.id, request);
    const items = page.flatMap(({ id }) => {
      const artifact = council.artifacts.find((one) => one.id === id);
      return artifact === undefined ? [] : [artifactView(council, artifact)];
    });
    return { items, next_cursor: nextCursor };
  };
}

export function getArtifact(deps: ReadDependencies) {
  return async (
    request: RequestOf<typeof councils.getArtifact>,
  ): Promise<ReplyOf<typeof councils.getArtifact>> => {
    const council = await existing(deps, request.council_id);
    const artifact = council.artifacts.find(({ id }) => id === request.artifact_id);
    const content = artifact && (await deps.queries.content(artifact.id));
    if (artifact === undefined || content === undefined) {
      throw new CallError('not_found', 'the council has no such artifact');
    }
    return { ...artifactView(council, artifact), content };
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

async function existing({ db, store }: ReadDependencies, id: string): Promise<Council> {
  const council = await snapshot(db, (trx) => store.load(trx, id));
  if (council === undefined) throw new CallError('not_found', 'there is no such council');
  return council;
}
