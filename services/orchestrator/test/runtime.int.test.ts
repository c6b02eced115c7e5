import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newPrivateKey } from '@whoosh/backbeat-sdk/keys';
import { Secret } from '@whoosh/config';
import { newId } from '@whoosh/lifecycle';
import { quietLog, until } from '@whoosh/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AgentKeys } from '../src/agent-keys.ts';
import { type AgentSpec } from '../src/runtime/agent-runtime.ts';
import { ProcessRuntime } from '../src/runtime/process-runtime.ts';

const AGENT_SIM = fileURLToPath(new URL('../../agent-sim/src/main.ts', import.meta.url));
const STUBBORN = fileURLToPath(new URL('stubborn-agent.ts', import.meta.url));
const KEYS = new AgentKeys(new Secret(newPrivateKey()), 'test');
const SLOW = { timeoutMs: 60_000 };

let stateDirectory: string;
beforeEach(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'whoosh-runtime-'));
});
afterEach(async () => {
  for (const { ref } of await (await open()).list()) await (await open()).remove(ref);
  await rm(stateDirectory, { recursive: true, force: true });
});

function open(program = AGENT_SIM): Promise<ProcessRuntime> {
  return ProcessRuntime.open({
    stateDirectory,
    program,
    // An agent that finds no gateway waits for one: it runs, and that is all a runtime knows of.
    environment: {
      PATH: process.env['PATH'] ?? '',
      WHOOSH_ENDPOINT: 'http://127.0.0.1:9',
      BACKBEAT_ADMIN_PORT: '0',
      WHOOSH_OPENTELEMETRY_ENABLED: 'false',
    },
    log: quietLog(),
  });
}

function spec(generation = 1): AgentSpec {
  return {
    deploymentId: newId(),
    generation,
    agentId: 'qa-lead-1',
    role: 'qa-lead',
    image: 'agent:1',
    environment: {
      CHORUS_AGENT_NAME: 'qa-lead',
      CHORUS_AGENT_ID: 'qa-lead-1',
      CHORUS_TASK_ID: newId(),
      CHORUS_COUNCIL_ID: newId(),
    },
    joinToken: 'a-join-token',
    key: KEYS.issue('qa-lead-1'),
    labels: {},
  };
}

async function running(runtime: ProcessRuntime, one: AgentSpec): Promise<{ ref: string; pid: number }> {
  const ref = `${one.deploymentId}.${one.generation}`;
  await until(async () => (await runtime.inspect(ref))?.state === 'running', SLOW);
  const { pid } = JSON.parse(await readFile(join(stateDirectory, 'agents', `${ref}.json`), 'utf8')) as {
    pid: number;
  };
  return { ref, pid };
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('the process runtime', { timeout: 120_000 }, () => {
  test('deploys, shows, tells the log of, and removes an agent', async () => {
    const runtime = await open();
    const one = spec();
    await runtime.deploy(one);
    expect((await runtime.list()).map(({ state }) => state)).toEqual(['starting']);
    const { ref, pid } = await running(runtime, one);
    expect(await runtime.list()).toEqual([
      { ref, deploymentId: one.deploymentId, generation: 1, state: 'running' },
    ]);
    await until(async () => (await runtime.logs(ref, 1)).length === 1, SLOW);
    await runtime.remove(ref);
    expect(await runtime.inspect(ref)).toBeUndefined();
    expect(lives(pid)).toBe(false);
    await runtime.remove(ref);
    const left = await readdir(join(stateDirectory, 'agents'));
    expect(left.filter((name) => !name.endsWith('.log'))).toEqual([]);
  });

  test('keeps the join token and the key in files that only their owner reads', async () => {
    const runtime = await open();
    const one = spec();
    await runtime.deploy(one);
    const path = (kind: string) => join(stateDirectory, 'agents', `${one.deploymentId}.1.${kind}`);
    expect(await readFile(path('token'), 'utf8')).toBe('a-join-token');
    expect(await readFile(path('key'), 'utf8')).toBe(one.key?.privateKey);
    for (const kind of ['token', 'key']) expect((await stat(path(kind))).mode & 0o077).toBe(0);
    await running(runtime, one);
  });

  test('sees the end of an agent, with a reason', async () => {
    const runtime = await open();
    const one = spec();
    await runtime.deploy(one);
    const { ref, pid } = await running(runtime, one);
    process.kill(pid, 'SIGKILL');
    await until(async () => (await runtime.inspect(ref))?.state === 'ended', SLOW);
    expect((await runtime.inspect(ref))?.reason).toMatch(/SIGKILL|not there/);
  });

  test('tells why an agent did not come up', async () => {
    const runtime = await open();
    const { CHORUS_TASK_ID: _task, ...rest } = spec().environment;
    const one = { ...spec(), environment: rest };
    await runtime.deploy(one);
    const ref = `${one.deploymentId}.1`;
    await until(async () => (await runtime.inspect(ref))?.state === 'ended', SLOW);
    expect((await runtime.inspect(ref))?.reason).toContain('CHORUS_TASK_ID is required');
  });

  test('takes over what another process started, by its nonce', async () => {
    const first = await open();
    const one = spec();
    await first.deploy(one);
    const { ref, pid } = await running(first, one);
    const second = await open();
    expect((await second.list()).map(({ state }) => state)).toEqual(['running']);
    await second.remove(ref);
    expect(await second.list()).toEqual([]);
    await until(() => !lives(pid), SLOW);
  });

  test('ends an agent that does not stop by itself, but only while it proves who it is', async () => {
    const first = await open(STUBBORN);
    const one = spec();
    await first.deploy(one);
    const { ref, pid } = await running(first, one);
    await (await open(STUBBORN)).remove(ref);
    await until(() => !lives(pid), SLOW);
  });

  test('leaves alone whoever has the port now, and takes the file for that of a dead agent', async () => {
    const stranger = createServer((_request, response) =>
      response.end(JSON.stringify({ nonce: 'another', pid: process.pid })),
    );
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const runtime = await open();
    const ref = `${newId()}.3`;
    const file = {
      nonce: '0'.repeat(32),
      started_at: new Date().toISOString(),
      pid: process.pid,
      admin_url: `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`,
    };
    await writeFile(join(stateDirectory, 'agents', `${ref}.json`), JSON.stringify(file));
    expect(await runtime.list()).toMatchObject([{ ref, generation: 3, state: 'ended' }]);
    await runtime.remove(ref);
    expect(await runtime.list()).toEqual([]);
    expect(stranger.listening).toBe(true);
    stranger.close();
  });

  test('a broken file is an agent that ended; a file of another kind is none', async () => {
    const runtime = await open();
    const ref = `${newId()}.1`;
    await writeFile(join(stateDirectory, 'agents', `${ref}.json`), '{');
    await writeFile(join(stateDirectory, 'agents', 'notes.json'), '{}');
    expect(await runtime.list()).toMatchObject([{ ref, state: 'ended', reason: 'its file is broken' }]);
  });

  test('takes away secrets that no file stands for, once nobody can be writing it any more', async () => {
    const runtime = await open();
    const [old, young] = [`${newId()}.1`, `${newId()}.1`];
    const before = new Date(Date.now() - 3_600_000);
    const left = async () => (await readdir(join(stateDirectory, 'agents'))).toSorted();
    for (const name of [`${old}.token`, `${old}.key`, `${young}.token`, `${young}.key`]) {
      const path = join(stateDirectory, 'agents', name);
      await writeFile(path, 'secret');
      if (name.startsWith(old)) await utimes(path, before, before);
    }
    expect(await runtime.list()).toEqual([]);
    expect(await left()).toHaveLength(4);
    await open();
    expect(await left()).toEqual([`${young}.key`, `${young}.token`]);
  });

  test('an agent whose file is gone ends by itself', async () => {
    const runtime = await open();
    const one = spec();
    await runtime.deploy(one);
    const { ref, pid } = await running(runtime, one);
    await rm(join(stateDirectory, 'agents', `${ref}.json`));
    await until(() => !lives(pid), SLOW);
  });
});
