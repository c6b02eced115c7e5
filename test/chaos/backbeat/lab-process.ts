import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OwnedProcess } from '@whoosh/devkit';
import { until } from '@whoosh/testkit';
import { type Host } from './namespaces.ts';

const SERVICES = fileURLToPath(new URL('../../../services/', import.meta.url));
const START_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 5_000;
const OUTPUT_KEPT_CHARACTERS = 20_000;

export interface LabProcessOptions {
  readonly service: 'pulse' | 'reverb';
  readonly name: string;
  /** Ports file and output go here; it exists. */
  readonly directory: string;
  readonly flags: Readonly<Record<string, string>>;
  /** Where it runs; here when left out. */
  readonly host?: Host;
}

/** A service that is ended, stopped and started again at will, known by its pid. */
export class LabProcess implements AsyncDisposable {
  readonly name: string;
  readonly host: Host | undefined;
  url = '';
  output = '';
  readonly #options: LabProcessOptions;
  #process: OwnedProcess | undefined;

  constructor(options: LabProcessOptions) {
    this.#options = options;
    this.name = options.name;
    this.host = options.host;
  }

  get isOver(): boolean {
    return this.#process?.isOver ?? true;
  }

  /** Resolves when its admin server answers. */
  async start(): Promise<void> {
    const { service, flags, host, directory } = this.#options;
    const portsFile = join(directory, `${this.name}.json`);
    await rm(portsFile, { force: true });
    const args = [
      join(SERVICES, service, 'src', 'main.ts'),
      ...Object.entries({ 'admin-port': '0', node: this.name, ...flags }).flatMap(([flag, value]) => [
        `--${flag}`,
        value,
      ]),
    ];
    const started = await OwnedProcess.start({
      ...(host?.command(process.execPath, args) ?? { file: process.execPath, args }),
      env: {
        PATH: process.env['PATH'],
        WHOOSH_OPENTELEMETRY_ENABLED: 'false',
        WHOOSH_ADMIN_PORTS_FILE: portsFile,
        WHOOSH_ADMIN_HOST: host?.address('admin') ?? '127.0.0.1',
      },
      onOutput: (chunk) => {
        this.output = (this.output + chunk.toString()).slice(-OUTPUT_KEPT_CHARACTERS);
      },
    });
    this.#process = started;
    this.url = await until(
      async () => {
        // Ended in the middle of starting: whoever wants it to run starts it again.
        if (started.isOver) return 'over';
        return (JSON.parse(await readFile(portsFile, 'utf8')) as { url: string }).url;
      },
      { timeoutMs: START_TIMEOUT_MS, describe: () => `${this.name} to start: ${this.output}` },
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#process?.exited;
  }

  /** Resolves when it has ended by itself; false when it does not in time. */
  async ends(timeoutMs: number): Promise<boolean> {
    const process = this.#process;
    if (process === undefined) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)));
    const ended = await Promise.race([process.exited.then(() => true), late]);
    clearTimeout(timer);
    return ended;
  }

  async get<T>(path: string): Promise<T> {
    const reply = await fetch(this.url + path, { signal: AbortSignal.timeout(2_000) });
    if (!reply.ok) throw new Error(`${this.name} answers ${reply.status} to ${path}: ${await reply.text()}`);
    return (await reply.json()) as T;
  }

  async post(path: string, body: unknown): Promise<number> {
    const reply = await fetch(this.url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(2_000),
    });
    await reply.arrayBuffer();
    return reply.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop({ graceMs: STOP_GRACE_MS });
  }
}
