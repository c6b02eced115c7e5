import { fileURLToPath } from 'node:url';
import { OwnedProcess } from '@whoosh/devkit';
import { jsonLines } from './json-lines.ts';

const PROGRAM = fileURLToPath(new URL('../../../services/reverb/bench/claims-pipeline.ts', import.meta.url));

const RESULT_TIMEOUT_MS = 120_000;

export interface PipelineOptions {
  readonly url: string;
  readonly cluster: string;
  readonly from: 'core' | 'stream' | 'memory';
  readonly how: 'reverb' | 'parse';
  readonly messages: number;
  readonly creditEvery?: number;
}

export interface PipelineResult {
  readonly taken: number;
  readonly parsed: number;
  readonly added: number;
  readonly windows: number;
  /** Agents reporting, summed over the windows. */
  readonly reporting: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** One process that takes messages and does with each what reverb does, or what its baseline does. */
export class PipelineProcess implements AsyncDisposable {
  readonly #process: OwnedProcess;
  readonly #result: Promise<PipelineResult>;

  private constructor(process: OwnedProcess, result: Promise<PipelineResult>) {
    this.#process = process;
    this.#result = result;
  }

  /** Resolves when it listens. */
  static async start(options: PipelineOptions): Promise<PipelineProcess> {
    const { url, cluster, from, how, messages, creditEvery = 0 } = options;
    const ready = Promise.withResolvers<void>();
    const result = Promise.withResolvers<PipelineResult>();
    // Whoever waits for it hears of it; until then nobody does.
    result.promise.catch(() => undefined);
    let said = '';
    const flags = { nats: url, cluster, from, how, messages, 'credit-every': creditEvery };
    const child = await OwnedProcess.start({
      file: process.execPath,
      args: [PROGRAM, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])],
      env: { PATH: process.env['PATH'] },
      onOutput: jsonLines<{ ready?: true } & PipelineResult>(
        (line) => (line.ready === true ? ready.resolve() : result.resolve(line)),
        (text) => (said += `${text}\n`),
      ),
    });
    const fail = (what: string): void => {
      const failure = new Error(`the pipeline ${what}: ${said}`);
      ready.reject(failure);
      result.reject(failure);
    };
    setTimeout(() => fail(`took more than ${RESULT_TIMEOUT_MS} ms`), RESULT_TIMEOUT_MS).unref();
    void child.exited.then(({ code, signal }) => fail(`ended (${code ?? signal})`));
    await ready.promise;
    return new PipelineProcess(child, result.promise);
  }

  result(): Promise<PipelineResult> {
    return this.#result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop({ graceMs: 1_000 });
  }
}
