import { chmod, stat, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { generatedPassword, removeEmbeddedPostgresData, startEmbeddedPostgres } from '../src/index.ts';
import { startAndRead } from './child-line.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { until } from './until.ts';

async function query(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

test('keeps its data over a stop, takes only its password, and answers on this machine alone', async () => {
  await using directory = await temporaryDirectory();
  const options = { dataDir: join(directory.path, 'data'), user: 'keeper', password: generatedPassword() };
  {
    await using server = await startEmbeddedPostgres(options);
    await query(server.url, 'create table kept as select 7 as n');
    const settings = await query(
      server.url,
      "select name, setting from pg_settings where name in ('listen_addresses', 'max_connections', 'unix_socket_directories') order by name",
    );
    expect(settings.map(({ setting }) => setting)).toEqual(['127.0.0.1', '300', '']);
    const wrong = new URL(server.url);
    wrong.password = 'guessed';
    await expect(query(wrong.href, 'select 1')).rejects.toThrow('password authentication failed');
  }
  await using again = await startEmbeddedPostgres(options);
  expect(await query(again.url, 'select n from kept')).toEqual([{ n: 7 }]);
});

test('after its owner was killed the data is taken up again, with what was committed', async () => {
  await using directory = await temporaryDirectory();
  const [dataDir, password] = [join(directory.path, 'data'), generatedPassword()];
  const program = join(import.meta.dirname, 'programs', 'keep-postgres.ts');
  const { child, line } = await startAndRead<{ url: string; pid: number }>(program, [dataDir, password]);
  await query(line.url, 'create table kept as select 7 as n');
  await expect(startEmbeddedPostgres({ dataDir, user: 'keeper', password })).rejects.toThrow(
    /already works in/,
  );
  const killed = once(child, 'exit');
  child.kill('SIGKILL');
  await killed;
  await using server = await startEmbeddedPostgres({
    dataDir,
    user: 'keeper',
    password,
    endLeftBehind: true,
  });
  expect(await query(server.url, 'select n from kept')).toEqual([{ n: 7 }]);
});

test('a note of a server that is gone, whose pid is another process by now, is no obstacle and no target', async () => {
  await using directory = await temporaryDirectory();
  const options = {
    dataDir: join(directory.path, 'data'),
    user: 'keeper',
    password: generatedPassword(),
    fsync: false,
  };
  {
    await using _server = await startEmbeddedPostgres(options);
  }
  await writeFile(join(options.dataDir, 'postmaster.pid'), `${process.pid}\n${options.dataDir}\n1\n5432\n`);
  await using server = await startEmbeddedPostgres(options);
  expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test.runIf(process.getuid?.() === 0)(
  'root: data that nobody else can reach lies elsewhere, and is forgotten with it',
  async () => {
    await using directory = await temporaryDirectory();
    await chmod(directory.path, 0o700);
    const dataDir = join(directory.path, 'data');
    const server = await startEmbeddedPostgres({
      dataDir,
      user: 'keeper',
      password: generatedPassword(),
      fsync: false,
    });
    expect(server.dataDir).not.toBe(dataDir);
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server[Symbol.asyncDispose]();
    await removeEmbeddedPostgresData(dataDir);
    await until(async () => (await stat(server.dataDir).catch(() => 'gone')) === 'gone');
  },
);
