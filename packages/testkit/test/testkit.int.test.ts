import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { cloneDatabase, startNats, startNatsCluster, until } from '../src/index.ts';

async function query<T>(url: string, statement: string): Promise<T[]> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(statement)).rows as T[];
  } finally {
    await client.end();
  }
}

describe('cloneDatabase', () => {
  test('gives databases that do not see each other', async () => {
    await using first = await cloneDatabase();
    await using second = await cloneDatabase();
    await query(first.url, 'create table only_here (n int)');
    const seen = await query<{ there: string | null }>(
      second.url,
      "select to_regclass('only_here') as there",
    );
    expect(seen).toEqual([{ there: null }]);
  });

  test('drops the database when disposed, even with a session open', async () => {
    const database = await cloneDatabase({ empty: true });
    const client = new pg.Client(database.url);
    const ended = new Promise((done) => client.on('error', done));
    await client.connect();
    await database[Symbol.asyncDispose]();
    await ended;
    await expect(query(database.url, 'select 1')).rejects.toThrow(`"${database.name}" does not exist`);
  });
});

describe('startNats', () => {
  test('keeps its store and its port over a kill and a restart', async () => {
    await using nats = await startNats();
    const first = await connect({ servers: nats.url });
    const manager = await jetstreamManager(first);
    await manager.streams.add({ name: 'KEPT', subjects: ['kept.>'] });
    await manager.jetstream().publish('kept.one', 'value');
    await first.close();
    const { pid, port } = nats;
    await nats.kill('SIGKILL');
    await nats.restart();
    expect(nats.pid).not.toBe(pid);
    expect(nats.port).toBe(port);
    const second = await connect({ servers: nats.url });
    expect(second.info?.max_payload).toBe(4 * 1024 * 1024);
    expect((await (await jetstreamManager(second)).streams.info('KEPT')).state.messages).toBe(1);
    await second.close();
  });

  test('a cluster of three takes a replicated stream', async () => {
    await using cluster = await startNatsCluster();
    const connection = await connect({ servers: [...cluster.urls] });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'REPLICATED', subjects: ['r.>'], num_replicas: 3 });
    expect((await manager.streams.info('REPLICATED')).config.num_replicas).toBe(3);
    await connection.close();
  });
});

test('until says what it waited for, and why the last try failed', async () => {
  const failure = until(() => Promise.reject(new Error('not there')), { timeoutMs: 30, describe: 'a thing' });
  await expect(failure).rejects.toThrow(/in vain for a thing/);
  await expect(failure).rejects.toMatchObject({ cause: { message: 'not there' } });
});
