import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { quietLog, until } from '@whoosh/testkit';
import { describe, expect, test } from 'vitest';
import { Credentials } from './credentials.ts';
import { Rest, RestRefusal } from './rest.ts';

/** A gateway that takes these tokens for a registration; what it grants is due for renewal at once. */
async function openDoor(taken: Set<string>) {
  const shown: string[] = [];
  const server = createServer((request, response) => {
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    shown.push(token);
    request.resume();
    const isTaken = taken.has(token);
    const data = { token: `granted-${shown.length}`, expires_at: new Date(0).toISOString() };
    response.writeHead(isTaken ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isTaken ? { data } : { error: 'no', details: { code: 'unauthenticated' } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const rest = new Rest({ endpoint: `http://127.0.0.1:${port}`, token: () => '', onResult: () => undefined });
  return {
    shown,
    rest,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function credentials(): Credentials {
  return new Credentials({
    profile: { agent_id: 'a', capabilities: [] },
    joinToken: 'join',
    log: quietLog(),
  });
}

describe('renewing a token', () => {
  test('that has run out goes by the join token', async () => {
    await using door = await openDoor(new Set(['join']));
    const stop = new AbortController();
    const mine = credentials();
    await mine.register(door.rest, stop.signal);
    const ended = mine.keepFresh(door.rest, stop.signal).catch((cause: unknown) => cause);
    await until(() => door.shown.length >= 3);
    expect(door.shown.slice(0, 3)).toEqual(['join', 'granted-1', 'join']);
    await until(() => mine.token === 'granted-3');
    stop.abort();
    await ended;
  });

  test('ends for one that neither token is good for any more', async () => {
    const taken = new Set(['join']);
    await using door = await openDoor(taken);
    const mine = credentials();
    const { signal } = new AbortController();
    await mine.register(door.rest, signal);
    taken.clear();
    const refusal = await mine.keepFresh(door.rest, signal).catch((cause: unknown) => cause);
    expect(refusal).toBeInstanceOf(RestRefusal);
    expect(refusal).toMatchObject({ status: 401 });
    expect(door.shown).toEqual(['join', 'granted-1', 'join']);
  });
});
