import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startServersAlone } from './servers-alone.ts';
import { startWhoosh } from '../main-job/running-whoosh.ts';
import { distribution, type Row } from './row.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const STARTS = 3;
const run = promisify(execFile);

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return Math.round((performance.now() - started) / 100) / 10;
}

export const coldStart: Row = {
  name: 'M3',
  what: 'cold start of the dev run on fresh data, after the installation: broker, database, migrations, page, all services ready',
  aim: '≤ 30 s',
  baseline: 'broker and database alone',
  async measure() {
    const samples: number[] = [];
    const alone: number[] = [];
    for (let i = 0; i < STARTS; i++) {
      const started = performance.now();
      const whoosh = await startWhoosh();
      samples.push(performance.now() - started);
      await whoosh[Symbol.asyncDispose]();
      const before = performance.now();
      const servers = await startServersAlone();
      alone.push(performance.now() - before);
      await servers[Symbol.asyncDispose]();
    }
    return {
      figures: distribution(samples),
      baseline: distribution(alone),
      met: Math.max(...samples) <= 30_000,
    };
  },
};

export const install: Row = {
  name: 'M4',
  what: 'npm ci in a fresh clone (a warm npm cache, as far as there is one)',
  aim: '≤ 180 s',
  baseline: 'git clone of the same commit',
  async measure() {
    const directory = await mkdtemp(join(tmpdir(), 'whoosh install-'));
    try {
      const clone = await seconds(() => run('git', ['clone', '--quiet', ROOT, directory]));
      const ci = await seconds(() =>
        run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: directory, maxBuffer: 64 * 1024 * 1024 }),
      );
      return { figures: { npm_ci_s: ci }, baseline: { clone_s: clone }, met: ci <= 180 };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
};
