import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';

const READY_TIMEOUT_MS = 60_000;

/** One of our services as it runs in production: a process of its own, ready. */
export interface ServiceProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Of its admin port: `/ready`, `/metrics`. */
  readonly adminUrl: string;
  /** Its code and its signal, once it is gone. */
  readonly exited: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

/**
 * Starts a service and waits until it is ready; disposing kills it. It inherits nothing of the environment but `PATH`, and is told where to
 * write the address of its admin port; that this be a free one is said in `env`.
 */
export async function startServiceProcess(
  main: string,
  env: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  await using resources = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'whoosh-process-'));
  resources.defer(() => rm(directory, { recursive: true, force: true }));
  const portsFile = join(directory, 'admin.json');
  const own = { WHOOSH_ADMIN_PORTS_FILE: portsFile, WHOOSH_OPENTELEMETRY_ENABLED: 'false' };
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env['PATH'], ...own, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  resources.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const ready = async () => {
    const { url } = await until(
      async () => JSON.parse(await readFile(portsFile, 'utf8')) as { url: string },
      { timeoutMs: READY_TIMEOUT_MS, describe: `the admin address of ${main}` },
    );
    await until(async () => (await fetch(`${url}/ready`)).ok, {
      timeoutMs: READY_TIMEOUT_MS,
      describe: `${main} to be ready`,
    });
    return url;
  };
  const gone = exited.then(([code, signal]) => {
    throw new Error(`${main} ended before it was ready: ${signal ?? code}`);
  });
  const adminUrl = await Promise.race([ready(), gone]);
  const owned = resources.move();
  return { child, adminUrl, exited, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
