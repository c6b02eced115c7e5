/**
 * One PostgreSQL and one migrated template for a whole vitest run, and a broker binary that is
 * built before the first test waits for it. Everything is gone when the run ends.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  generatedPassword,
  natsServerBinary,
  removeEmbeddedPostgresData,
  repositoryRoot,
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

const run = promisify(execFile);
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
  await migrateUp(url.href);
  // Nothing may be connected to a database while it is copied.
  await query(adminUrl, [`alter database ${template} with allow_connections false is_template true`]);
}

/**
 * Runs the migration command, which is what production runs. It is a process and not an import
 * because the database package's own tests build on this one.
 */
async function migrateUp(url: string): Promise<void> {
  const command = join(repositoryRoot, 'packages', 'db', 'src', 'main.ts');
  // Nothing of the user's own database may reach it.
  const env = { PATH: process.env['PATH'], WHOOSH_DATABASE_URL: url };
  await run(process.execPath, [command, 'up'], { env });
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
