export { openDatabase, type DatabaseSettings, type OpenDatabaseOptions } from './database.ts';
export { Duty, type DutyOptions } from './duty.ts';
export { databaseHealth, type DatabaseHealth } from './health.ts';
export { migrateIfWanted, type MigrateIfWantedOptions } from './migrate-if-wanted.ts';
export { MIGRATIONS_DIRECTORY, readMigrations, type MigrationFile } from './migration-files.ts';
export {
  forceVersion,
  migrate,
  MigrationError,
  migrationState,
  type MigrateOptions,
  type MigrationOptions,
  type MigrationState,
} from './migrations.ts';
export type * from './schema.ts';
export { type DB as Database } from './schema.ts';
export { isForeignKeyMissing, isUniqueViolation, isWorthRetrying } from './sqlstate.ts';
export { transaction, TRANSACTION_ATTEMPTS_MAX } from './transaction.ts';
