import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');
const STATE_VERSION_WRONG = '{"version":0,"state":{}}';

interface Run {
  readonly child: ChildProcess;
  readonly url: string;
  readonly operator_token: string;
  readonly dev_token: string;
}

async function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Run> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env }, stdio: 'pipe' });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, ...(JSON.parse(line) as Omit<Run, 'child'>) };
}

async function stop({ child }: Run): Promise<number | null> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = (await exited) as [number | null];
  return code;
}

describe('the process', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gitea-standin-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('keeps its issues and tokens over a restart', async () => {
    const stateFile = join(folder, 'state.json');
    const first = await start(['--sample', '--token', 'operator-token', '--state-file', stateFile]);
    const issues = `/api/v1/repos/acme/orders/issues`;
    const created = await fetch(first.url + issues, {
      method: 'POST',
      headers: { authorization: `token ${first.dev_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ title: 'kept' }),
    });
    expect([created.status, await stop(first)]).toEqual([201, 0]);

    const second = await start(['--sample', '--token', 'operator-token'], {
      GITEA_STANDIN_STATE_FILE: stateFile,
    });
    const headers = { authorization: `token ${second.operator_token}` };
    const found = (await (await fetch(`${second.url}${issues}?state=all`, { headers })).json()) as {
      title: string;
    }[];
    expect(found.map((issue) => issue.title)).toEqual(['kept', 'Retry failed card payments']);
    expect([second.operator_token, second.dev_token]).toEqual(['operator-token', first.dev_token]);
    expect(await stop(second)).toBe(0);
  });

  it('does not overwrite a state file that it cannot read', async () => {
    const { readFile, writeFile } = await import('node:fs/promises');
    const stateFile = join(folder, 'other.json');
    await writeFile(stateFile, STATE_VERSION_WRONG);
    const child = spawn(process.execPath, [MAIN, '--state-file', stateFile], { stdio: 'ignore' });
    const [code] = (await once(child, 'exit')) as [number];
    expect([code, await readFile(stateFile, 'utf8')]).toEqual([1, STATE_VERSION_WRONG]);
  });
});
