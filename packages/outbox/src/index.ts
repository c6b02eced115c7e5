export { attemptLedger } from './attempt-ledger.ts';
export { idempotent, type IdempotentCall } from './idempotent.ts';
export {
  LifeLog,
  type Announcement,
  type HistoryRow,
  type LifeChange,
  type LifeLogOptions,
} from './life-log.ts';
export { keyOf, once, speaker, type Changes, type KeyedCall } from './once.ts';
export { OutboxRelay, type OutboxRelayOptions } from './outbox-relay.ts';
export { type Executor, type OutboxService } from './tables.ts';
