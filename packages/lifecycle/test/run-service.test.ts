import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const SAMPLE = join(import.meta.dirname, 'sample-service.ts');

let directory: string;
let child: ChildProcess;
let lines: string[];
let stderr: string;
let exited: Promise<number | null>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lifecycle-'));
});

afterEach(async () => {
  child.kill('SIGKILL');
  await exited;
  await rm(directory, { recursive: true, force: true });
});

/** Starts the sample; resolves with the first line that contains `sign`, or when it exits. */
async function start(env: Record<string, string>, argv: string[], sign: string): Promise<void> {
  child = spawn(process.execPath, [SAMPLE, ...argv], {
    env: {
      PATH: process.env['PATH'],
      WHOOSH_OPENTELEMETRY_ENABLED: 'false',
      WHOOSH_ADMIN_PORT: '0',
      WHOOSH_ADMIN_PORTS_FILE: join(directory, 'admin.json'),
      ...env,
    },
  });
  lines = [];
  stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  exited = once(child, 'close').then(([code]) => code as number | null);
  const seen = Promise.withResolvers<void>();
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    lines.push(line);
    if (line.includes(sign)) seen.resolve();
  });
  await Promise.race([seen.promise, exited]);
}

const words = () => lines.filter((line) => !line.startsWith('{'));
const logged = (sentence: string) =>
  lines.filter((line) => line.includes(sentence)).map((line) => JSON.parse(line));
async function admin() {
  const { url, service, pid } = JSON.parse(await readFile(join(directory, 'admin.json'), 'utf8')) as Record<
    string,
    string
  >;
  return { url, service, pid };
}

describe('runService', () => {
  test('refuses a broken environment with every problem and code 1', async () => {
    await start({ SAMPLE_FAILS: 'perhaps', WHOOSH_ADMIN_PORT: 'x' }, ['--nonsense'], 'never');
    expect(await exited).toBe(1);
    for (const name of ['SAMPLE_SECRET', 'SAMPLE_FAILS', 'WHOOSH_ADMIN_PORT', '--nonsense']) {
      expect(stderr).toContain(name);
    }
    expect(stderr).not.toContain('perhaps');
  });

  test('refuses settings of the broker that cannot work, whatever the service checks', async () => {
    await start(
      { SAMPLE_SECRET: 'x', NATS_URL: 'nats://me:hunter2@host:4222', NATS_USER: 'me' },
      [],
      'never',
    );
    expect(await exited).toBe(1);
    expect(stderr).toContain('NATS_URL: must not hold credentials');
    expect(stderr).toContain('NATS_USER is set without NATS_PASSWORD');
    expect(stderr).not.toContain('hunter2');
  });

  test('is alive, becomes ready, tells its metrics, stops in reverse order with code 0', async () => {
    await start({ SAMPLE_SECRET: 'x', WHOOSH_SAMPEL: 'typo' }, ['-times=3'], 'service started');
    const { url, service, pid } = await admin();
    expect({ service, pid }).toEqual({ service: 'sample', pid: child.pid });
    expect(await (await fetch(`${url}/health`)).json()).toEqual({
      status: 'ok',
      service: 'sample',
      version: '9.9.9',
    });

    const before = await fetch(`${url}/ready`);
    expect([before.status, await before.json()]).toEqual([
      503,
      { status: 'not_ready', service: 'sample', failing: { database: 'not connected' } },
    ]);
    expect(await (await fetch(`${url}/database/up`, { method: 'POST' })).text()).toBe('3');
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('service="sample"');
    expect((await fetch(`${url}/database/up`)).status).toBe(405);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
    expect(logged('unknown variable')).toMatchObject([{ variable: 'WHOOSH_SAMPEL' }]);

    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(words()).toEqual(['told to stop', 'closed last-opened', 'closed first-opened']);
  });

  test('a failed start closes what was opened and ends with code 1', async () => {
    await start({ SAMPLE_SECRET: 'x', SAMPLE_FAILS: 'true' }, [], 'never');
    expect(await exited).toBe(1);
    expect(words()).toEqual(['closed last-opened', 'closed first-opened']);
    expect(logged('service failed to start')).toMatchObject([{ err: { message: 'start refused' } }]);
  });

  test('a close that hangs is ended after the grace period with code 1', async () => {
    await start(
      { SAMPLE_SECRET: 'x', SAMPLE_HANGS: 'true', WHOOSH_SERVER_SHUTDOWN_TIMEOUT: '50ms' },
      [],
      'service started',
    );
    child.kill('SIGINT');
    expect(await exited).toBe(1);
    expect(logged('did not close in time')).toHaveLength(1);
  });

  test('a stop while starting is obeyed', async () => {
    await start({ SAMPLE_SECRET: 'x', SAMPLE_STUCK_START: 'true' }, [], 'stuck');
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(words()).toEqual(['stuck', 'closed last-opened', 'closed first-opened']);
  });
});
