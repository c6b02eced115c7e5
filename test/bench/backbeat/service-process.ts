import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OwnedProcess } from '@whoosh/devkit';
import { until } from '@whoosh/testkit';

const SERVICES = fileURLToPath(new URL('../../../services/', import.meta.url));
const START_TIMEOUT_MS = 30_000;
const OUTPUT_KEPT_CHARACTERS = 16_000;

export interface ServiceProcessOptions {
  readonly service: 'pulse' | 'reverb' | 'agent-sim';
  readonly flags: Readonly<Record<string, string>>;
  /** Flags of Node itself, before the program. */
  readonly nodeFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One service as it runs in production: a process of its own, known by its admin port. */
export class ServiceProcess implements AsyncDisposable {
  readonly url: string;
  readonly #process: OwnedProcess;
  readonly #directory: string;
  readonly #output: { text: string };

  private constructor(process: OwnedProcess, directory: string, url: string, output: { text: string }) {
    this.#process = process;
    this.#directory = directory;
    this.#output = output;
    this.url = url;
  }

  /** Resolves when the admin server answers; `data-dir` is given to whoever has one. */
  static async start(options: ServiceProcessOptions): Promise<ServiceProcess> {
    const { service, flags, nodeFlags = [], env = {} } = options;
    const directory = await mkdtemp(join(tmpdir(), `whoosh-bench-${service}-`));
    const portsFile = join(directory, 'admin.json');
    const own = service === 'pulse' ? { 'data-dir': join(directory, 'data') } : {};
    const all = { 'admin-port': '0', ...own, ...flags };
    const output = { text: '' };
    const child = await OwnedProcess.start({
      file: process.execPath,
      args: [
        ...nodeFlags,
        join(SERVICES, service, 'src', 'main.ts'),
        ...Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
      ],
      env: {
        PATH: process.env['PATH'],
        WHOOSH_OPENTELEMETRY_ENABLED: 'false',
        WHOOSH_ADMIN_PORTS_FILE: portsFile,
        ...env,
      },
      onOutput: (chunk) => {
        output.text = (output.text + chunk.toString()).slice(-OUTPUT_KEPT_CHARACTERS);
      },
    });
    try {
      const url = await until(
        async () => {
          if (child.isOver) throw new Error(`${service} ended`);
          return (JSON.parse(await readFile(portsFile, 'utf8')) as { url: string }).url;
        },
        {
          timeoutMs: START_TIMEOUT_MS,
          describe: () => `the admin server of ${service}: ${output.text}`,
        },
      );
      return new ServiceProcess(child, directory, url, output);
    } catch (cause) {
      await child.stop({ graceMs: 1_000 });
      await rm(directory, { recursive: true, force: true });
      throw cause;
    }
  }

  get pid(): number {
    return this.#process.pid;
  }

  get isOver(): boolean {
    return this.#process.isOver;
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#output.text;
  }

  async status<Status>(): Promise<Status> {
    const reply = await fetch(`${this.url}/api/v1/status`, { signal: AbortSignal.timeout(2_000) });
    if (!reply.ok) throw new Error(`status ${reply.status}`);
    return (await reply.json()) as Status;
  }

  async ready(): Promise<void> {
    await until(async () => (await fetch(`${this.url}/ready`)).ok, {
      timeoutMs: START_TIMEOUT_MS,
      describe: () => `a service to be ready: ${this.output}`,
    });
  }

  /** All samples of the metrics page by name, summed over their labels but `le`. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const sums = new Map<string, number>();
    for (const line of text.split('\n')) {
      const match = /^([a-zA-Z_:][\w:]*)(\{[^}]*\})? (\S+)$/.exec(line);
      if (match?.[1] === undefined || match[2]?.includes('le="') === true) continue;
      sums.set(match[1], (sums.get(match[1]) ?? 0) + Number(match[3]));
    }
    return sums;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  /** Asks it to end; what it printed stays readable. */
  async stop(graceMs = 40_000): Promise<void> {
    await this.#process.stop({ graceMs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(5_000);
    await rm(this.#directory, { recursive: true, force: true });
  }
}
