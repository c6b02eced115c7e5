import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  AlreadyRunning,
  freePort,
  identityOf,
  isRunning,
  superviseProcesses,
  type ProcessIdentity,
  type Supervisor,
} from '../src/index.ts';
import { endAgents } from '../src/supervise/left-behind-agents.ts';
import { startAndRead } from './child-line.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { until } from './until.ts';

const program = join(import.meta.dirname, 'programs', 'echo-server.mjs');

async function supervise(directory: string, lines: string[] = [], graceMs = 300): Promise<Supervisor> {
  return await superviseProcesses({
    stateFile: join(directory, 'run.json'),
    logDirectory: join(directory, 'logs'),
    say: (line) => void lines.push(line),
    graceMs,
    policy: {
      restartsMax: 2,
      restartsBeforeReadyMax: 2,
      stableAfterMs: 60_000,
      firstDelayMs: 5,
      delayMaxMs: 20,
    },
  });
}

async function ask(port: number, path = '/'): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
}

const serves =
  (port: number) =>
  async (pid: number): Promise<true | string> => {
    const answer = await ask(port);
    return answer === String(pid) ? true : `another process (${answer}) answers`;
  };

test('a crashed process comes back as a new one', async () => {
  await using directory = await temporaryDirectory();
  await using supervisor = await supervise(directory.path);
  const port = await freePort();
  await supervisor.start({ name: 'web', file: program, args: [String(port)], ready: serves(port) });
  const recovered = new Promise<void>((done) => (supervisor.onRecovery = done));
  const before = await ask(port);
  await ask(port, '/crash');
  const after = await until(async () => {
    const pid = await ask(port);
    return pid !== before && pid;
  });
  const [process] = supervisor.processes;
  expect(String(process?.identity?.pid)).toBe(after);
  expect(process?.restarts).toBe(1);
  await recovered;
});

test('a process that does not stay up is given up with its last words', async () => {
  await using directory = await temporaryDirectory();
  const lines: string[] = [];
  await using supervisor = await supervise(directory.path, lines);
  const start = supervisor.start({
    name: 'broken',
    file: program,
    args: ['0', 'fail'],
    ready: async () => Promise.resolve('never'),
  });
  await expect(start).rejects.toThrow(/broken does not stay up:\n.*it is all wrong/s);
  expect(lines.join('\n')).toContain('3 times in a row: given up');
  expect(await readFile(join(directory.path, 'logs', 'broken.log'), 'utf8')).toContain('it is all wrong');
});

test('stopping leaves no process, not even one that ignores SIGTERM, and goes backwards', async () => {
  await using directory = await temporaryDirectory();
  const supervisor = await supervise(directory.path, [], 3_000);
  const [first, second] = [await freePort(), await freePort()];
  await supervisor.start({ name: 'first', file: program, args: [String(first)], ready: serves(first) });
  await supervisor.start({
    name: 'second',
    file: program,
    args: [String(second), 'ignore-sigterm'],
    ready: serves(second),
  });
  const identities = supervisor.processes.map(({ identity }) => identity as ProcessIdentity);
  const stopped = supervisor.stop();
  // The second ignores the signal for the whole grace period; the first must not have been asked yet.
  expect(await ask(first)).toBe(String(identities[0]?.pid));
  await stopped;
  expect(await Promise.all(identities.map(isRunning))).toEqual([false, false]);
  await expect(readFile(join(directory.path, 'run.json'))).rejects.toThrow('ENOENT');
});

test('what a process left in its group when it died is ended with it', async () => {
  await using directory = await temporaryDirectory();
  await using supervisor = await supervise(directory.path);
  const port = await freePort();
  await supervisor.start({
    name: 'parent',
    file: program,
    args: [String(port), 'with-child'],
    ready: serves(port),
  });
  const child = (await identityOf(Number(await ask(port, '/child')))) as ProcessIdentity;
  await ask(port, '/crash');
  await until(async () => !(await isRunning(child)));
});

test('a second run in the same place is refused while the first is at work', async () => {
  await using directory = await temporaryDirectory();
  await using _first = await supervise(directory.path);
  await expect(supervise(directory.path)).rejects.toThrow(AlreadyRunning);
});

test('a supervisor killed with SIGKILL takes everything with it', async () => {
  await using directory = await temporaryDirectory();
  const ports = [await freePort(), await freePort()].map(String);
  const { child, line } = await startAndRead<ProcessIdentity[]>(
    join(import.meta.dirname, 'programs', 'supervise-two.ts'),
    [directory.path, ...ports],
  );
  expect(await Promise.all(line.map(isRunning))).toEqual([true, true]);
  child.kill('SIGKILL');
  await until(async () => (await Promise.all(line.map(isRunning))).every((running) => !running), {
    timeoutMs: 30_000,
  });
});

test('the next start ends exactly what the state file names, never a later process with that pid', async () => {
  await using directory = await temporaryDirectory();
  const leftover = spawn(process.execPath, [program, String(await freePort())], {
    detached: true,
    stdio: 'ignore',
  });
  const bystander = spawn(process.execPath, [program, String(await freePort())], {
    detached: true,
    stdio: 'ignore',
  });
  const exited = once(leftover, 'exit');
  try {
    const identity = (await identityOf(leftover.pid ?? 0)) as ProcessIdentity;
    const supervisor = { pid: bystander.pid, started: 'long ago' };
    const processes = [
      { ...identity, name: 'left', signal: 'SIGTERM' },
      { pid: bystander.pid, started: 'long ago', name: 'gone', signal: 'SIGKILL' },
    ];
    await mkdir(directory.path, { recursive: true });
    await writeFile(join(directory.path, 'run.json'), JSON.stringify({ supervisor, processes }));
    const lines: string[] = [];
    await using _next = await supervise(directory.path, lines);
    await exited;
    expect(lines.join('\n')).toContain('ended what it left: left');
    expect(await identityOf(bystander.pid ?? 0)).toBeDefined();
  } finally {
    bystander.kill('SIGKILL');
    leftover.kill('SIGKILL');
  }
});

test('agents that the orchestrator left are ended, and only what is an agent', async () => {
  await using directory = await temporaryDirectory();
  const start = async (...words: string[]) => {
    const child = spawn(process.execPath, [program, String(await freePort()), ...words], {
      detached: true,
      stdio: 'ignore',
    });
    return { child, exited: once(child, 'exit') };
  };
  const agent = await start('services/agent-sim/src/main.ts');
  const bystander = await start();
  try {
    for (const [name, { child }] of Object.entries({ 'a.1': agent, 'b.1': bystander })) {
      await writeFile(join(directory.path, `${name}.json`), JSON.stringify({ pid: child.pid, nonce: 'n' }));
    }
    expect(await endAgents(directory.path)).toBe(1);
    await agent.exited;
    expect(await identityOf(bystander.child.pid ?? 0)).toBeDefined();
    expect(await readdir(directory.path)).toEqual([]);
  } finally {
    agent.child.kill('SIGKILL');
    bystander.child.kill('SIGKILL');
  }
});
