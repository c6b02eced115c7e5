import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { backbeat, STREAMS } from '@whoosh/contracts';
import { startNats, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { checkSignature, listenToBeats, readTrustedKeys } from '../src/index.ts';
import { readSigner, trustedKeyLine } from '../src/keys.ts';
import { addSignature } from '../src/signature.ts';
import { TestPulse } from '../src/testing/index.ts';
import { makeStreams } from './streams.ts';

function example(name: string, ...args: string[]) {
  const path = fileURLToPath(new URL(`../examples/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  const run = {
    output: '',
    async end(signal?: NodeJS.Signals) {
      if (signal !== undefined) child.kill(signal);
      await exited;
      return child.exitCode;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (run.output += chunk.toString()));
  }
  return run;
}

async function stage() {
  const nats = await startNats();
  const connection = await connectNats({ servers: nats.url });
  await makeStreams(connection);
  return {
    connection,
    where: ['--nats', nats.url, '--cluster', 'c'],
    pulse: new TestPulse({ connection, clusterId: 'c', tempoBpm: 120 }),
    async [Symbol.asyncDispose]() {
      await connection.close();
      await nats[Symbol.asyncDispose]();
    },
  };
}

test('watch prints a line per beat, and ends with Ctrl-C', async () => {
  await using s = await stage();
  using pulse = s.pulse;
  await using watch = example('watch', ...s.where);
  pulse.start();
  await until(() => /\|.*planning/.test(watch.output) && /review/.test(watch.output), {
    timeoutMs: 30_000,
    describe: () => `a bar: ${watch.output}`,
  });
  expect(watch.output).toMatch(/term 1 {2}120 BPM\n/);
  expect(await watch.end('SIGINT')).toBe(0);
});

test('an agent plans on the downbeat, works within its budget and signs what it says with a key that was made for it', async () => {
  await using s = await stage();
  using pulse = s.pulse;
  const directory = await mkdtemp(join(tmpdir(), 'whoosh-keys-'));
  try {
    const file = join(directory, 'key.pem');
    await using made = example('new-key', 'agent:7', 'agent:7', file);
    expect(await made.end()).toBe(0);
    expect(made.output.trim()).toBe(
      trustedKeyLine(readSigner('agent:7', await readFile(file, 'utf8')), 'agent:7'),
    );
    const policy = { keys: readTrustedKeys(made.output), required: true };
    const states: unknown[] = [];
    s.connection.subscribe('backbeat.c.claim.agent:7', {
      callback: (_, message) => {
        const said = { payload: message.data, headers: message.headers, nowMs: Date.now() };
        expect(checkSignature(policy, 'agent:7', said)).toBe('ok');
        states.push(message.json<{ state: string }>().state);
      },
    });
    await s.connection.flush();
    pulse.start();
    await using agent = example('agent', ...s.where, '--key-file', file);
    expect([await agent.end(), agent.output]).toEqual([0, 'agent:7 has done example:1\n']);
    expect(states).toEqual(['planning', 'executing', 'completed']);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('a reader of reports gets those of before and those that come', async () => {
  await using s = await stage();
  const { name, subjects } = STREAMS.BACKBEAT_REPORTS;
  await (await jetstreamManager(s.connection)).streams.add({ name, subjects: [...subjects] });
  const store = (from_beat: number) => {
    const window = String(from_beat).padStart(32, '0');
    const report: backbeat.BarReport = {
      type: 'backbeat.barreport.v1',
      window_id: window,
      from_beat,
      to_beat: from_beat + 3,
      agents_reporting: 2,
      on_time_reviews: 0,
      help_promises_fulfilled: 0,
      secret_rotations_ok: true,
      tempo_drift_ms: 0,
      issues: [],
    };
    const subject = backbeat.storedReports.subject.at({ cluster: 'c', window });
    return jetstream(s.connection).publish(subject, JSON.stringify(report));
  };
  await store(0);
  await using reader = example('reports', ...s.where);
  const says = (text: string) =>
    until(() => reader.output.includes(text), { timeoutMs: 30_000, describe: () => reader.output });
  await says('beats 0 … 3');
  await store(4);
  await says('beats 4 … 7');
  expect(await reader.end('SIGINT')).toBe(0);
});

test('with keys a listener believes only frames that are signed by a pulse', async () => {
  await using s = await stage();
  const { newPrivateKey } = await import('../src/keys.ts');
  const [king, agent] = [readSigner('k1', newPrivateKey()), readSigner('k2', newPrivateKey())];
  const keys = readTrustedKeys(`${trustedKeyLine(king, '@pulse')}\n${trustedKeyLine(agent, 'agent:7')}`);
  const listener = await listenToBeats({
    clusterId: 'c',
    connection: s.connection,
    signatures: { keys, required: true },
  });
  const { headers } = await import('@nats-io/nats-core');
  const send = (by: typeof king | undefined) => {
    const payload = new TextEncoder().encode(JSON.stringify(s.pulse.frame()));
    const head = headers();
    addSignature(by, payload, head);
    s.connection.publish('backbeat.c.beat', payload, { headers: head });
  };
  send(undefined);
  send(agent);
  send(king);
  await until(() => listener.currentBeat()?.index === 0);
  expect(listener.health().link.refused).toMatchObject({ unsigned: 1, bad_signature: 1 });
  await listener.close();
});
