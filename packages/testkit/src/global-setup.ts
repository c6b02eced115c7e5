/**
 * One PostgreSQL and one migrated template for a whole vitest run, and a broker binary that is
 * built before the first test waits for it. Everything is gone when the run ends.
 */
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  generatedPassword,
  migrationsDirectory,
  natsServerBinary,
  removeEmbeddedPostgresData,
  startEmbeddedPostgres,
  withProgress,
} from '@whoosh/devkit';
import pg from 'pg';
import { type TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
    postgresTemplate: string;
  }
}

const template = 'whoosh_template';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  process.env['NATS_SERVER_BIN'] = await natsServerBinary();
  const directory = await mkdtemp(join(tmpdir(), 'whoosh-test-'));
  // A root user's server runs as somebody else, who must be able to pass through here.
  await chmod(directory, 0o711);
  const dataDir = join(directory, 'data');
  const server = await withProgress('starting PostgreSQL', () =>
    startEmbeddedPostgres({
      dataDir,
      user: 'postgres',
      password: generatedPassword(),
      fsync: false,
    }),
  );
  const teardown = async (): Promise<void> => {
    await server[Symbol.asyncDispose]();
    await removeEmbeddedPostgresData(dataDir);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await withProgress('migrating the template database', () => makeTemplate(server.url));
  } catch (cause) {
    await teardown();
    throw cause;
  }
  project.provide('postgresUrl', server.url);
  project.provide('postgresTemplate', template);
  return teardown;
}

async function makeTemplate(adminUrl: string): Promise<void> {
  await query(adminUrl, [`create database ${template}`]);
  const url = new URL(adminUrl);
  url.pathname = template;
  await query(url.href, await migrations());
  // Nothing may be connected to a database while it is copied.
  await query(adminUrl, [`alter database ${template} with allow_connections false is_template true`]);
}

/** The texts of all migrations upwards, in their order. */
async function migrations(): Promise<string[]> {
  const names = await readdir(migrationsDirectory).catch(() => []);
  const up = names.filter((name) => name.endsWith('.up.sql')).toSorted();
  return await Promise.all(up.map((name) => readFile(join(migrationsDirectory, name), 'utf8')));
}

async function query(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
