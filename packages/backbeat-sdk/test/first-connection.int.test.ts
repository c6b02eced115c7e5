import { usernamePasswordAuthenticator } from '@nats-io/nats-core';
import { startNats, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { connect, type LinkLog } from '../src/index.ts';

const PATIENT = { timeoutMs: 60_000 };
const PASSWORD = 'hunter2';

/** What a process says while it waits, in its log and to its health page. */
function ears() {
  const lines: { message: string; fields: object }[] = [];
  const note = (fields: object, message: string): void => void lines.push({ message, fields });
  const log: LinkLog = { info: note, warn: note };
  const checks = new Map<string, () => true | string>();
  return {
    log,
    lines,
    readiness: { check: (name: string, check: () => true | string) => void checks.set(name, check) },
    verdict: () => checks.get('nats')?.(),
    has: (message: string) => lines.some((line) => line.message === message),
  };
}

test('a broker that is away at the start is named in the log and for health pages, of later agents too', async () => {
  await using nats = await startNats({
    config: `authorization { users: [{ user: me, password: ${PASSWORD} }] }`,
  });
  await nats.kill('SIGTERM');
  const [first, second] = [ears(), ears()];
  const where = {
    clusterId: 'c',
    natsUrl: `${nats.url},nats://x:${PASSWORD}@127.0.0.1:1`,
    natsOptions: { user: 'me', pass: PASSWORD, reconnectDelayHandler: () => 50 },
  };
  const settings = [first, second].map(({ log, readiness }) => ({ ...where, log, readiness }));
  const opening = settings.map((each, i) => connect({ ...each, agentId: `a:${i}` }));
  for (const { verdict } of [first, second]) {
    expect(verdict()).toContain(nats.url);
    await until(() => String(verdict()).startsWith('no broker at'), PATIENT);
    expect(verdict()).toBe(`no broker at ${nats.url}, nats://127.0.0.1:1: connection refused`);
  }
  await until(() => first.has('waiting for the broker'), PATIENT);
  expect(first.lines[0]?.fields).toEqual({ reason: first.verdict() });

  await nats.restart();
  const agents = await Promise.all(opening);
  await using closing = new AsyncDisposableStack();
  for (const agent of agents) closing.use(agent);
  expect(first.has('the broker was reached')).toBe(true);
  expect([first.verdict(), second.verdict()]).toEqual([true, true]);
  expect(agents[0]?.health()).toMatchObject({ connected: true, mode: 'silent' });

  await nats.kill('SIGTERM');
  await until(() => first.verdict() === 'the broker is away', PATIENT);
  expect(second.verdict()).toBe('the broker is away');
  expect(agents[0]?.health().connected).toBe(false);
  expect(JSON.stringify([first.lines, second.lines])).not.toContain(PASSWORD);
});

test('a wrong password is said to be one, and who does not want to wait is refused by it', async () => {
  await using nats = await startNats({
    config: 'authorization { users: [{ user: me, password: right }] }',
  });
  const { log, readiness, verdict } = ears();
  const where = { clusterId: 'c', agentId: 'a', natsUrl: nats.url, log, readiness };
  const hasty = { user: 'me', pass: PASSWORD, waitOnFirstConnect: false };
  await expect(connect({ ...where, natsOptions: hasty })).rejects.toThrow(/authorization violation/i);

  let pass = PASSWORD;
  const authenticator = usernamePasswordAuthenticator('me', () => pass);
  const opening = connect({ ...where, natsOptions: { authenticator, reconnectDelayHandler: () => 50 } });
  await until(() => verdict() === `no broker at ${nats.url}: authorization violation`, PATIENT);
  pass = 'right';
  await using agent = await opening;
  expect([verdict(), agent.health().connected]).toEqual([true, true]);
});

test.each([
  ['nats://', /url/i],
  ['nats://h:99999999', /url/i],
  [' , ', /names no server/],
])('"%s" is no address, whatever the patience', async (natsUrl, says) => {
  await expect(connect({ clusterId: 'c', agentId: 'a', natsUrl })).rejects.toThrow(says);
});
