import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type backbeat } from '@whoosh/contracts';
import { freePort, until } from '@whoosh/testkit';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const START_TIMEOUT_MS = 60_000;

export interface PulseOptions {
  readonly cluster: string;
  readonly nats: string;
  readonly node?: string;
  readonly flags?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** One real pulse with a folder of its own; it can be killed and started again on what the folder holds. */
export class PulseProcess implements AsyncDisposable {
  readonly node: string;
  readonly directory: string;
  url = '';
  output = '';
  #options: PulseOptions;
  #child: ChildProcess | undefined;

  private constructor(options: PulseOptions, directory: string) {
    this.#options = options;
    this.node = options.node ?? 'n1';
    this.directory = directory;
  }

  static async start(options: PulseOptions): Promise<PulseProcess> {
    const pulse = new PulseProcess(options, await mkdtemp(join(tmpdir(), 'whoosh-pulse-')));
    try {
      await pulse.start();
    } catch (cause) {
      await pulse[Symbol.asyncDispose]();
      throw cause;
    }
    return pulse;
  }

  /** Starts it again, with other flags where given; resolves when its admin server answers. */
  async start(flags: Readonly<Record<string, string>> = {}): Promise<void> {
    const options = { ...this.#options, flags: { ...this.#options.flags, ...flags } };
    this.#options = options;
    const portsFile = join(this.directory, 'admin.json');
    await rm(portsFile, { force: true });
    const all = {
      cluster: options.cluster,
      nats: options.nats,
      node: this.node,
      'data-dir': join(this.directory, 'data'),
      'admin-port': '0',
      ...options.flags,
    };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
    const env = {
      PATH: process.env['PATH'],
      WHOOSH_OPENTELEMETRY_ENABLED: 'false',
      WHOOSH_ADMIN_PORTS_FILE: portsFile,
      ...options.env,
    };
    const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
    this.#child = child;
    await until(() => child.exitCode !== null || existsSync(portsFile), {
      timeoutMs: START_TIMEOUT_MS,
      describe: () => `${this.node} to announce its admin server: ${this.output}`,
    });
    if (child.exitCode !== null) throw new Error(`pulse ended: ${this.output}`);
    this.url = (JSON.parse(readFileSync(portsFile, 'utf8')) as { url: string }).url;
  }

  async status(): Promise<backbeat.PulseStatus> {
    const reply = await fetch(`${this.url}/api/v1/status`, { signal: AbortSignal.timeout(10_000) });
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    return (await reply.json()) as backbeat.PulseStatus;
  }

  async ready(): Promise<void> {
    await until(async () => (await fetch(`${this.url}/ready`)).status === 200, {
      timeoutMs: START_TIMEOUT_MS,
      describe: () => `${this.node} to be ready: ${this.output}`,
    });
  }

  /** Name of the leader as this node sees it, or undefined. */
  async leader(): Promise<string | undefined> {
    const { leader } = await this.status();
    return leader ?? undefined;
  }

  async post(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: unknown }> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const reply = await fetch(this.url + path, { method: 'POST', body: text, headers });
    return { status: reply.status, body: await reply.json() };
  }

  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split('\n').find((each) => each.startsWith(`${name}{`) || each.startsWith(`${name} `));
    return Number(line?.split(' ').at(-1));
  }

  /** SIGSTOP and SIGCONT return at once, every other signal once the process is gone. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, 'exit');
    child.kill(signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return null;
    await exited;
    return child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL');
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Several pulses of one cluster, each with the broker that `natsOf` names. */
export async function startPulses(
  size: number,
  options: Omit<PulseOptions, 'nats' | 'node'> & { readonly natsOf: (at: number) => string },
): Promise<readonly PulseProcess[] & AsyncDisposable> {
  const ports = await Promise.all(Array.from({ length: size }, () => freePort()));
  const peers = ports.map((port, at) => `n${at + 1}@127.0.0.1:${port}`).join(',');
  const pulses = await Promise.all(
    ports.map((port, at) =>
      PulseProcess.start({
        ...options,
        nats: options.natsOf(at),
        node: `n${at + 1}`,
        flags: { ...options.flags, 'raft-bind': `127.0.0.1:${port}`, 'raft-peers': peers },
      }),
    ),
  );
  return Object.assign(pulses, {
    async [Symbol.asyncDispose]() {
      await Promise.all(pulses.map((pulse) => pulse[Symbol.asyncDispose]()));
    },
  });
}

/** The pulse that all of these follow. */
export async function leaderOf(pulses: readonly PulseProcess[]): Promise<PulseProcess> {
  return until(
    async () => {
      const names = new Set(await Promise.all(pulses.map((pulse) => pulse.leader())));
      const [name] = names;
      return names.size === 1 ? pulses.find((pulse) => pulse.node === name) : undefined;
    },
    { timeoutMs: START_TIMEOUT_MS, describe: 'one leader that all follow' },
  );
}
