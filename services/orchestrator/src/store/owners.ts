import { type Database } from '@whoosh/db';
import { type Instant } from '@whoosh/stdx';
import { type Kysely, type Transaction } from 'kysely';
import { type Owner } from '../domain/seats.ts';

/** The table `deployment_owners`: the newest word of each council and team about itself. */
export class OwnerStore {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  /** Has something at least as new been heard? */
  async isKnown({ kind, id, revision }: Owner): Promise<boolean> {
    const row = await this.#db
      .selectFrom('deployment_owners')
      .select('revision')
      .where('owner_kind', '=', kind)
      .where('owner_id', '=', id)
      .executeTakeFirst();
    return row !== undefined && row.revision >= revision;
  }

  /** Keeps this word and holds the owner until the transaction ends; false when it is not newer than what is known. */
  async advance(trx: Transaction<Database>, owner: Owner, at: Instant): Promise<boolean> {
    const { kind: owner_kind, id: owner_id, status, revision } = owner;
    const updated_at = new Date(at);
    const { numInsertedOrUpdatedRows } = await trx
      .insertInto('deployment_owners')
      .values({ owner_kind, owner_id, status, revision, updated_at })
      .onConflict((conflict) =>
        conflict
          .columns(['owner_kind', 'owner_id'])
          .doUpdateSet({ status, revision, updated_at })
          .where('deployment_owners.revision', '<', revision),
      )
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }
}
