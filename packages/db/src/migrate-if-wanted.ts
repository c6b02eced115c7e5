import { setTimeout as wait } from 'node:timers/promises';
import { type DatabaseConfig } from '@whoosh/config';
import { backoffMs } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { migrate, MigrationError } from './migrations.ts';

const CHECK = 'database';
const RETRY = { baseMs: 250, maxMs: 5_000 };

export interface MigrateIfWantedOptions {
  readonly log: Log;
  readonly directory?: string;
  /** Ends the waiting for a database that is not there yet. */
  readonly signal?: AbortSignal;
  /** Is told under the name `database` what is missing, as long as it is; a service's `readiness`. */
  readonly readiness?: {
    check(name: string, check: () => true | string): void;
    forget(name: string): void;
  };
}

/**
 * Brings the schema to the newest version at the start of a service, unless `WHOOSH_DATABASE_AUTO_MIGRATE=false`. A database that is
 * not there yet is waited for; a migration that fails is thrown.
 */
export async function migrateIfWanted(
  { url, autoMigrate }: DatabaseConfig,
  { log, directory, signal, readiness }: MigrateIfWantedOptions,
): Promise<void> {
  if (!autoMigrate) return;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await migrate({ url, direction: 'up', log, ...(directory !== undefined && { directory }) });
      readiness?.forget(CHECK);
      return;
    } catch (cause) {
      if (cause instanceof MigrationError || signal?.aborted === true || !isAway(cause)) throw cause;
      readiness?.check(CHECK, () => `away, migrations wait: ${reasonOf(cause)}`);
      const waitMs = backoffMs(RETRY, attempt, Math.random());
      log.warn({ err: cause, wait_ms: waitMs }, 'the database is away, migrations wait');
      await wait(waitMs, undefined, signal && { signal });
    }
  }
}

/** Errors of the network and of a server that starts or stops; a wrong password or name will not get better. */
function isAway(cause: unknown): boolean {
  const { code, message } = cause as { code?: unknown; message?: string };
  if (typeof code === 'string') return /^(E[A-Z]+|08...|57P0.|53300)$/.test(code);
  return /^(timeout expired|Connection terminated)/.test(message ?? '');
}

/** A host with several addresses fails with all their reasons and a message of none. */
function reasonOf(cause: unknown): string {
  const causes = cause instanceof AggregateError ? (cause.errors as unknown[]) : [cause];
  return causes.map((each) => (each instanceof Error ? each.message : String(each))).join('; ');
}
