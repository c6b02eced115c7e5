import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OwnedProcess } from '@whoosh/devkit';
import { freePort, until } from '@whoosh/testkit';

const MAIN = fileURLToPath(new URL('../../../services/pulse/src/main.ts', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const READY_EVERY_MS = 20;
const OUTPUT_KEPT_CHARACTERS = 8_000;

export interface PulseGroupOptions {
  readonly size: number;
  readonly cluster: string;
  readonly nats: string;
  readonly bpm: number;
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[];
}

interface Pulse {
  readonly name: string;
  readonly directory: string;
  readonly flags: Readonly<Record<string, string>>;
  process: OwnedProcess | undefined;
  output: string;
}

/** Pulses of one cluster as they run in production; what they have on disk outlives their processes. */
export class PulseGroup implements AsyncDisposable {
  readonly #options: PulseGroupOptions;
  readonly #directory: string;
  readonly #pulses = new Map<string, Pulse>();

  private constructor(options: PulseGroupOptions, directory: string) {
    this.#options = options;
    this.#directory = directory;
  }

  /** Resolves when all are ready. */
  static async start(options: PulseGroupOptions): Promise<PulseGroup> {
    const group = new PulseGroup(options, await mkdtemp(join(tmpdir(), 'whoosh-bench-pulses-')));
    try {
      await group.#startAll();
    } catch (cause) {
      await group[Symbol.asyncDispose]();
      throw cause;
    }
    return group;
  }

  async #startAll(): Promise<void> {
    const { size, cluster, nats, bpm } = this.#options;
    const ports = await Promise.all(Array.from({ length: size }, () => freePort()));
    const peers = ports.map((port, at) => `n${at + 1}@127.0.0.1:${port}`).join(',');
    for (const [at, port] of ports.entries()) {
      const name = `n${at + 1}`;
      const directory = join(this.#directory, name);
      const flags = {
        cluster,
        node: name,
        nats,
        bpm: String(bpm),
        'admin-port': '0',
        'data-dir': directory,
        'raft-bind': `127.0.0.1:${port}`,
        'raft-peers': peers,
        'log-level': 'warn',
      };
      this.#pulses.set(name, { name, directory, flags, process: undefined, output: '' });
    }
    await Promise.all([...this.#pulses.keys()].map(async (name) => this.startPulse(name)));
  }

  #pulse(name: string): Pulse {
    const pulse = this.#pulses.get(name);
    if (pulse === undefined) throw new Error(`no pulse ${name}`);
    return pulse;
  }

  /** Resolves when it is ready: it knows a leader, sees a broker, and beats are heard. */
  async startPulse(name: string): Promise<void> {
    const pulse = this.#pulse(name);
    const portsFile = `${pulse.directory}.admin.json`;
    await rm(portsFile, { force: true });
    pulse.process = await OwnedProcess.start({
      file: process.execPath,
      args: [
        ...(this.#options.nodeFlags ?? []),
        MAIN,
        ...Object.entries(pulse.flags).flatMap(([flag, value]) => [`--${flag}`, value]),
      ],
      env: {
        PATH: process.env['PATH'],
        WHOOSH_OPENTELEMETRY_ENABLED: 'false',
        WHOOSH_ADMIN_PORTS_FILE: portsFile,
      },
      onOutput: (chunk) => {
        pulse.output = (pulse.output + chunk.toString()).slice(-OUTPUT_KEPT_CHARACTERS);
      },
    });
    await until(
      async () => {
        const { url } = JSON.parse(await readFile(portsFile, 'utf8')) as { url: string };
        return (await fetch(`${url}/ready`)).ok;
      },
      {
        timeoutMs: START_TIMEOUT_MS,
        everyMs: READY_EVERY_MS,
        describe: () => `pulse ${name} to be ready: ${pulse.output}`,
      },
    );
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#pulse(name).process?.signal(signal);
  }

  /** A killed one is started again on what it has on disk. */
  async restart(name: string): Promise<void> {
    await this.#pulse(name).process?.exited;
    await this.startPulse(name);
  }

  /** The last that each of them printed, for the message of an error. */
  get story(): string {
    return [...this.#pulses.values()].map(({ name, output }) => `${name}:\n${output}`).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#pulses.values()].map(async ({ process }) => process?.stop({ graceMs: 0 })));
    await rm(this.#directory, { recursive: true, force: true });
  }
}
