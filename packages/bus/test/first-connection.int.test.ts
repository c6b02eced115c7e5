import { describe, expect, test } from 'vitest';
import { Registry } from '@whoosh/telemetry';
import { startNats, until } from '@whoosh/testkit';
import { awaitFirstConnection, connectBus } from '../src/index.ts';
import { capturedLog } from './captured-log.ts';

const PATIENT = { timeoutMs: 60_000 };
const PASSWORD = 'hunter2';

/** What a process says while it waits. */
function ears() {
  const { log, lines } = capturedLog();
  const checks = new Map<string, () => true | string>();
  return {
    log,
    lines,
    readiness: { check: (name: string, check: () => true | string) => void checks.set(name, check) },
    reasons: () =>
      lines.filter(({ msg }) => msg === 'waiting for the broker').map((line) => String(line['reasons'])),
    verdict: () => checks.get('nats')?.(),
  };
}

describe('a broker that is not there at the start', () => {
  test('is named with the reason, in the log and among the checks, until it answers', async () => {
    await using nats = await startNats({
      config: `authorization { users: [{ user: me, password: ${PASSWORD} }] }`,
    });
    await nats.kill('SIGTERM');
    const { log, lines, readiness, reasons, verdict } = ears();
    const opening = connectBus({
      servers: `${nats.url},nats://x:${PASSWORD}@127.0.0.1:1`,
      service: 'sample',
      profile: 'beat',
      log,
      registry: new Registry(),
      auth: { user: 'me', password: { reveal: () => PASSWORD } },
      readiness,
    });
    expect(verdict()).toContain(nats.url);
    await until(() => reasons().length > 0, PATIENT);
    expect(reasons()[0]).toContain(`${nats.url}: `);
    expect(reasons()[0]).toContain('nats://127.0.0.1:1: ');
    await until(() => String(verdict()).includes(`${nats.url}: connection refused`), PATIENT);

    await nats.restart();
    await using bus = await opening;
    expect(bus.isConnected()).toBe(true);
    expect(verdict()).toBe(true);
    expect(lines.map(({ msg }) => msg)).toContain('the broker was reached');
    await nats.kill('SIGTERM');
    await until(() => verdict() === 'the broker is away', PATIENT);
    expect(JSON.stringify(lines)).not.toContain(PASSWORD);
  });

  test('a wrong password is said to be one, and is not repeated', async () => {
    await using nats = await startNats({
      config: 'authorization { users: [{ user: me, password: right }] }',
    });
    const { log, lines, readiness, reasons, verdict } = ears();
    const { promise: connecting, resolve: connect } = Promise.withResolvers<string>();
    const how = { user: 'me', pass: PASSWORD, timeout: 10_000 };
    const waiting = awaitFirstConnection(connecting, { servers: [nats.url], how, log, readiness });
    await until(() => reasons().length > 0, PATIENT);
    const reason = `${nats.url}: authorization violation (see NATS_USER and NATS_PASSWORD)`;
    await until(() => verdict() === reason, PATIENT);
    connect('connected');
    expect(await waiting).toBe('connected');
    expect(JSON.stringify(lines)).not.toContain(PASSWORD);
  });

  test('a broker that answers at once is not worth a word', async () => {
    const { log, lines } = ears();
    const options = { servers: ['nats://127.0.0.1:1'], how: {}, log };
    expect(await awaitFirstConnection(Promise.resolve('connected'), options)).toBe('connected');
    await expect(awaitFirstConnection(Promise.reject(new Error('refused')), options)).rejects.toThrow(
      'refused',
    );
    expect(lines).toEqual([]);
  });
});
