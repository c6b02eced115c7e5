import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { newPrivateKey, readSigner, trustedKeyLine } from '@whoosh/backbeat-sdk/keys';
import { TestPulse } from '@whoosh/backbeat-sdk/testing';
import { connectBus } from '@whoosh/bus';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog, startNats, until } from '@whoosh/testkit';
import { SERVICE_TOKEN, token } from './running-gateway.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const ENVIRONMENT = {
  PATH: process.env['PATH'],
  WHOOSH_AUTH_JWT_SECRET: 'a-secret-of-at-least-32-characters!',
  WHOOSH_AUTH_SERVICE_TOKENS: `another, ${SERVICE_TOKEN}`,
  WHOOSH_SERVER_LISTEN_ADDR: '127.0.0.1:0',
  WHOOSH_GATEWAY_ADMIN_PORT: '0',
  WHOOSH_OPENTELEMETRY_ENABLED: 'false',
};

function start(env: Record<string, string | undefined>) {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...ENVIRONMENT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const complaints: string[] = [];
  child.stderr.on('data', (text: Buffer) => complaints.push(text.toString()));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  async function* lines(message?: string): AsyncGenerator<Record<string, unknown>, undefined> {
    for await (const line of createInterface(child.stdout)) {
      const fields = JSON.parse(line) as Record<string, unknown>;
      if (message === undefined || fields['msg'] === message) yield fields;
    }
  }
  return {
    child,
    exited,
    complaints,
    lines,
    async line(message: string): Promise<Record<string, unknown>> {
      for await (const fields of lines(message)) return fields;
      throw new Error(`the process ended without saying "${message}": ${complaints.join('')}`);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

test('the process answers, keeps its metrics to the admin port, and ends in good order with a reader open', async () => {
  await using nats = await startNats();
  await using gateway = start({ NATS_URL: nats.url });
  const lines = gateway.line('gateway is listening');
  const { port } = (await lines) as { port: number };
  const url = `http://127.0.0.1:${port}`;

  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect((await fetch(`${url}/metrics`)).status).toBe(404);
  const read = await fetch(`${url}/api/v1/backbeat/status`, {
    headers: { Authorization: `Bearer ${SERVICE_TOKEN}` },
  });
  expect(read.status).toBe(200);

  const bearer = await token('user');
  const stream = await fetch(`${url}/api/v1/events`, { headers: { Authorization: `Bearer ${bearer}` } });
  expect(stream.status).toBe(200);
  const ended = stream.text();
  gateway.child.stdout.resume();
  gateway.child.kill('SIGTERM');
  expect(await ended).toContain('retry:');
  const [code] = await gateway.exited;
  expect(code).toBe(0);
});

test('messages on the bus that break their contract are logged without what they say, and not one by one', async () => {
  await using nats = await startNats();
  await using gateway = start({ NATS_URL: nats.url, WHOOSH_BACKBEAT_CLUSTER_ID: 'noisy' });
  await gateway.line('gateway is listening');
  await using stranger = await connectBus({
    servers: nats.url,
    service: 'stranger',
    profile: 'beat',
    log: quietLog(),
    registry: newRegistry('stranger'),
  });
  const all = gateway.lines();
  const seen: Record<string, unknown>[] = [];
  /** The first line of that kind of message; what is between is in `seen`. */
  const first = async (kind: string): Promise<Record<string, unknown> | undefined> => {
    for (;;) {
      const known = seen.find((line) => line['kind'] === kind);
      if (known) return known;
      const { value } = await all.next();
      if (value === undefined) return undefined;
      seen.push(value);
    }
  };
  for (let at = 0; at < 200; at += 1) {
    stranger.publish('backbeat.noisy.claim.whoosh', { type: 'hunter2' });
    stranger.publish('backbeat.noisy.beat', { type: 'hunter2' });
  }
  const claim = await first('claim');
  expect(claim).toMatchObject({ msg: 'message on the bus refused', held_back: 0 });
  expect(claim?.['why']).toMatch(/^type: invalid_value; agent_id: invalid_type/);
  expect(await first('malformed')).toMatchObject({ msg: 'a frame was refused' });
  // Of another kind the first is said at once; what came before it on the same connection has been heard by then.
  stranger.publish('backbeat.noisy.report', new TextEncoder().encode('{'));
  expect(await first('report')).toMatchObject({ why: 'not JSON', held_back: 0 });
  expect(seen.length).toBeLessThan(20);
  expect(JSON.stringify(seen)).not.toContain('hunter2');
});

test('where signatures are required, a frame that no pulse has signed is refused', async () => {
  const pulse = readSigner('k1', newPrivateKey());
  await using nats = await startNats();
  await using gateway = start({
    NATS_URL: nats.url,
    WHOOSH_BACKBEAT_CLUSTER_ID: 'signed',
    BACKBEAT_KEYS: trustedKeyLine(pulse, '@pulse'),
    BACKBEAT_REQUIRE_SIGNATURES: 'true',
  });
  const { port } = (await gateway.line('gateway is listening')) as { port: number };
  const refused = gateway.line('a frame was refused');
  await using bus = await connectBus({
    servers: nats.url,
    service: 'stranger',
    profile: 'beat',
    log: quietLog(),
    registry: newRegistry('stranger'),
  });
  const { connection } = bus;
  const slow = { connection, clusterId: 'signed', tempoBpm: 1 };
  using forger = new TestPulse({ ...slow, firstIndex: 8 });
  using honest = new TestPulse({ ...slow, firstIndex: 4, signer: pulse });
  forger.beat();
  expect(await refused).toMatchObject({ kind: 'unsigned' });
  gateway.child.stdout.resume();
  honest.beat();
  await until(
    async () => {
      const reply = await fetch(`http://127.0.0.1:${port}/api/v1/backbeat/status`, {
        headers: { Authorization: `Bearer ${SERVICE_TOKEN}` },
      });
      return (await reply.text()).includes('"beat_index":4');
    },
    { timeoutMs: 30_000, describe: 'the beat that was signed' },
  );
});

test('a wrong configuration is said at once, by name and without values', async () => {
  await using gateway = start({
    NATS_URL: 'nats://127.0.0.1:1',
    WHOOSH_AUTH_JWT_SECRET: 'hunter2',
    WHOOSH_AUTH_SERVICE_TOKENS: '',
    WHOOSH_SERVER_LISTEN_ADDR: 'hunter2',
    WHOOSH_SERVER_ALLOWED_ORIGINS: '*',
    WHOOSH_SERVER_TRUSTED_PROXIES: 'hunter2',
  });
  const [code] = await gateway.exited;
  expect(code).toBe(1);
  const said = gateway.complaints.join('');
  for (const name of [
    'WHOOSH_AUTH_JWT_SECRET',
    'WHOOSH_AUTH_SERVICE_TOKENS',
    'WHOOSH_SERVER_LISTEN_ADDR',
    'WHOOSH_SERVER_ALLOWED_ORIGINS',
    'WHOOSH_SERVER_TRUSTED_PROXIES',
  ]) {
    expect(said).toContain(name);
  }
  expect(said).not.toContain('hunter2');
});
