import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Fleet } from '@whoosh/backbeat-sdk';
import { backbeat } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';
import { describe, expect, test } from 'vitest';
import { CLUSTER, Stage } from './stage.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');

/** Reverb as it runs in production: a process of its own. */
class Process implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #directory: string;
  url = '';

  private constructor(child: ChildProcess, directory: string) {
    this.child = child;
    this.#directory = directory;
  }

  static async start(natsUrl: string): Promise<Process> {
    const directory = await mkdtemp(join(tmpdir(), 'reverb-'));
    const portsFile = join(directory, 'admin.json');
    const child = spawn(
      process.execPath,
      [MAIN, '-cluster', CLUSTER, '--nats', natsUrl, '--admin-port', '0', '--node', 'r1'],
      {
        env: {
          PATH: process.env['PATH'] ?? '',
          WHOOSH_ADMIN_PORTS_FILE: portsFile,
          WHOOSH_OPENTELEMETRY_ENABLED: 'false',
          LOG_LEVEL: process.env['WHOOSH_TEST_LOG'] ?? 'silent',
        },
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    const started = new Process(child, directory);
    started.url = await until(
      async () => (JSON.parse(await readFile(portsFile, 'utf8')) as { url: string }).url,
      { timeoutMs: 60_000, describe: 'the admin address' },
    );
    await until(() => started.status('/ready'), { timeoutMs: 60_000, describe: 'reverb to be ready' });
    return started;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await fetch(this.url + path)).json()) as T;
  }

  async status(path: string): Promise<boolean> {
    return (await fetch(this.url + path)).ok;
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill(signal);
      await once(this.child, 'exit');
    }
    return this.child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function answer(fleet: Fleet): void {
  fleet.onBeat((beat) => {
    for (let i = 0; i < 20; i += 1)
      fleet
        .emitStatusClaim(`agent:${i}`, { state: 'executing', task_id: `t:${beat.index}` })
        .catch(() => undefined);
  });
}

describe('the process', () => {
  test('serves health, metrics, status and windows on its admin port, and ends cleanly', async () => {
    await using stage = await Stage.open();
    await using reverb = await Process.start(stage.nats.url);
    answer(await stage.fleet());
    stage.pulse.start();
    await until(() => stage.heard.length >= 2);
    expect(await reverb.get('/health')).toMatchObject({ status: 'ok', service: 'reverb' });
    const status = backbeat.ReverbStatus.parse(await reverb.get('/api/v1/status'));
    expect(status).toMatchObject({ cluster: CLUSTER, node: 'r1', database: 'off' });
    const { items } = await reverb.get<{ items: backbeat.WindowSummary[] }>('/api/v1/windows');
    const reported = items.find(({ state }) => state === 'reported');
    const details = backbeat.WindowDetails.parse(await reverb.get(`/api/v1/windows/${reported?.window_id}`));
    expect(details.details?.[0]).toMatchObject({ last_state: 'executing' });
    expect((await fetch(`${reverb.url}/api/v1/windows/${'f'.repeat(32)}`)).status).toBe(404);
    expect((await fetch(`${reverb.url}/api/v1/windows/no-window`)).status).toBe(404);
    expect((await fetch(`${reverb.url}/api/v1/windows?limit=0`)).status).toBe(400);
    const metrics = await (await fetch(`${reverb.url}/metrics`)).text();
    for (const name of [
      'agents_reporting',
      'on_time_reviews',
      'windows_completed_total',
      'window_processing_seconds',
      'claims_processed_total',
      'claims_invalid_total',
      'claims_late_total',
      'report_delay_seconds',
      'claim_lag_seconds',
    ]) {
      expect(metrics).toContain(`# HELP backbeat_reverb_${name} `);
    }
    expect(metrics).toMatch(/backbeat_slo_met\{slo="rollup"/);
    const services = await stage.bus.discover(300);
    expect(services.filter(({ name }) => name === 'reverb')).toHaveLength(1);
    stage.pulse.stop();
    expect(await reverb.end('SIGTERM')).toBe(0);
  });

  test('killed in mid-window, loses and doubles nothing', async () => {
    await using stage = await Stage.open({ tempoBpm: 300 });
    answer(await stage.fleet());
    stage.pulse.start();
    for (let round = 0; round < 2; round += 1) {
      await using reverb = await Process.start(stage.nats.url);
      const count = stage.heard.length;
      await until(() => stage.heard.length > count, { timeoutMs: 60_000 });
      await until(() => stage.pulse.index % 4 === 2);
      await reverb.end('SIGKILL');
    }
    await using last = await Process.start(stage.nats.url);
    const count = stage.heard.length;
    await until(() => stage.heard.length >= count + 2, { timeoutMs: 60_000 });
    stage.pulse.stop();
    const { stored, recomputed } = await stage.reportsEqualRecomputation();
    expect(stored).toEqual(recomputed);
    const windows = stored as backbeat.BarReport[];
    expect(windows.slice(1).map(({ from_beat: from }) => from)).toEqual(
      windows.slice(0, -1).map(({ to_beat: to }) => to + 1),
    );
    expect(last.child.exitCode).toBeNull();
  });
});
