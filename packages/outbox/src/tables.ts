import { type DB } from '@whoosh/db';
import { type Kysely, type Transaction } from 'kysely';

/** The services that own lives; each writes its own three tables and nobody else's. */
export type OutboxService = 'monitor' | 'council' | 'composer' | 'orchestrator';

/** A transaction, or the pool where one statement is enough. */
export type Executor = Kysely<DB> | Transaction<DB>;

// The three tables look the same for every service; the types of one stand for all.
export const outboxTable = (service: OutboxService) => `${service}_outbox` as 'monitor_outbox';
export const historyTable = (service: OutboxService) => `${service}_history` as 'monitor_history';
export const processedTable = (service: OutboxService) => `${service}_processed` as 'monitor_processed';

/** Where a relay listens for new rows. */
export const outboxChannel = (service: OutboxService) => `${service}_outbox`;
