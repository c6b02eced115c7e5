import { type DB } from '@whoosh/db';
import { sha256Hex, uuidFromHash } from '@whoosh/stdx';
import { type Kysely, type Transaction } from 'kysely';
import { type Council, type RoundRecord, type Vote } from '../domain/council.ts';
import { ARTIFACT_COLUMNS, artifactRow, councilRow, fromRows, seatRow } from './rows.ts';

/** One council with all that belongs to it, as a whole. The council service is the only writer of these tables. */
export class CouncilStore {
  /** Inside a transaction with `lock`, nobody else changes this council until it ends. */
  async load(db: Kysely<DB>, id: string, { lock = false } = {}): Promise<Council | undefined> {
    if (lock) await db.selectFrom('councils').select('id').where('id', '=', id).forUpdate().execute();
    return (await this.loadAll(db, [id]))[0];
  }

  /** Those that exist, in the order of the ids. */
  async loadAll(db: Kysely<DB>, ids: readonly string[]): Promise<Council[]> {
    if (ids.length === 0) return [];
    const rows = await readRows(db, ids);
    return ids.flatMap((id) => {
      const council = rows.councils.find((row) => row.id === id);
      if (council === undefined) return [];
      const ofCouncil = (row: { council_id: string }): boolean => row.council_id === id;
      return fromRows({
        council,
        seats: rows.seats.filter(ofCouncil),
        artifacts: rows.artifacts.filter(ofCouncil),
        votes: rows.votes.filter(ofCouncil),
        rounds: rows.rounds.filter(ofCouncil),
      });
    });
  }

  /** False when the task has a council for this attempt already: the second one is the first. */
  async insert(trx: Transaction<DB>, council: Council): Promise<boolean> {
    const inserted = await trx
      .insertInto('councils')
      .values(councilRow(council))
      .onConflict((conflict) => conflict.columns(['task_id', 'attempt']).doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted === undefined) return false;
    await trx
      .insertInto('council_agents')
      .values(council.seats.map((seat) => seatRow(council.id, seat)))
      .execute();
    return true;
  }

  /** Writes what is different. `content` is that of the one artifact which a change may add. */
  async save(trx: Transaction<DB>, before: Council, now: Council, content?: string): Promise<void> {
    const { id: _, ...row } = councilRow(now);
    await trx.updateTable('councils').set(row).where('id', '=', now.id).execute();
    for (const [at, seat] of now.seats.entries()) {
      if (seat === before.seats[at]) continue;
      const { id: seatId, ...columns } = seatRow(now.id, seat);
      await trx.updateTable('council_agents').set(columns).where('id', '=', seatId).execute();
    }
    await this.#saveArtifacts(trx, before, now, content ?? '');
    const votes = now.votes.slice(before.votes.length);
    if (votes.length > 0)
      await trx
        .insertInto('council_votes')
        .values(votes.map(voteRow(now.id)))
        .execute();
    await this.#saveRounds(trx, before, now);
  }

  async #saveArtifacts(trx: Transaction<DB>, before: Council, now: Council, content: string): Promise<void> {
    for (const [at, artifact] of now.artifacts.entries()) {
      const known = before.artifacts[at];
      if (known === undefined) {
        await trx
          .insertInto('council_artifacts')
          .values(artifactRow(now.id, artifact, content))
          .execute();
      } else if (known !== artifact) {
        await trx
          .updateTable('council_artifacts')
          .set({ ratified: artifact.ratified })
          .where('id', '=', artifact.id)
          .execute();
      }
    }
  }

  async #saveRounds(trx: Transaction<DB>, before: Council, now: Council): Promise<void> {
    for (const [at, record] of now.rounds.entries()) {
      if (record === before.rounds[at]) continue;
      const row = roundRow(now.id, record);
      await trx
        .insertInto('council_rounds')
        .values(row)
        .onConflict((conflict) =>
          conflict
            .columns(['council_id', 'number'])
            .doUpdateSet({ closed_at_beat: row.closed_at_beat, outcome: row.outcome }),
        )
        .execute();
    }
  }
}

async function readRows(db: Kysely<DB>, ids: readonly string[]) {
  return {
    councils: await db.selectFrom('councils').selectAll().where('id', 'in', ids).execute(),
    seats: await db
      .selectFrom('council_agents')
      .selectAll()
      .where('council_id', 'in', ids)
      .orderBy('position')
      .execute(),
    artifacts: await db
      .selectFrom('council_artifacts')
      .select(['council_id', ...ARTIFACT_COLUMNS])
      .where('council_id', 'in', ids)
      .orderBy('created_at')
      .orderBy('id')
      .execute(),
    votes: await db
      .selectFrom('council_votes')
      .selectAll()
      .where('council_id', 'in', ids)
      .orderBy('cast_at')
      .orderBy('id')
      .execute(),
    rounds: await db
      .selectFrom('council_rounds')
      .selectAll()
      .where('council_id', 'in', ids)
      .orderBy('number')
      .execute(),
  };
}

// Both have a natural key; an id made of it lets a replayed change write the very same row.
function voteRow(councilId: string) {
  return ({ artifactId, role, agentId, vote, reason, castAt }: Vote) => ({
    id: uuidFromHash(sha256Hex(`vote\n${artifactId}\n${role}`)),
    council_id: councilId,
    artifact_id: artifactId,
    role,
    agent_id: agentId,
    vote,
    reason,
    cast_at: new Date(castAt),
  });
}

function roundRow(councilId: string, { number, openedAtBeat, closedAtBeat, outcome }: RoundRecord) {
  return {
    id: uuidFromHash(sha256Hex(`round\n${councilId}\n${number}`)),
    council_id: councilId,
    number,
    opened_at_beat: String(openedAtBeat),
    closed_at_beat: closedAtBeat === null ? null : String(closedAtBeat),
    outcome,
  };
}
