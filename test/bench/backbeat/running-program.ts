import { OwnedProcess } from '@whoosh/devkit';

const STOP_TIMEOUT_MS = 5_000;

/** A program that works beside a measurement until it is told to end; what it then says is its last line. */
export class RunningProgram implements AsyncDisposable {
  readonly #process: OwnedProcess;
  readonly #output: { text: string };

  private constructor(process: OwnedProcess, output: { text: string }) {
    this.#process = process;
    this.#output = output;
  }

  static async start(file: string, args: readonly string[]): Promise<RunningProgram> {
    const output = { text: '' };
    const process = await OwnedProcess.start({
      file,
      args,
      onOutput: (chunk) => {
        output.text += chunk.toString();
      },
    });
    return new RunningProgram(process, output);
  }

  /** Ends it with SIGTERM and gives the JSON that it closed with. */
  async end<Said>(): Promise<Said> {
    await this.#process.stop({ graceMs: STOP_TIMEOUT_MS });
    const line = this.#output.text.trim().split('\n').at(-1) ?? '';
    if (!line.startsWith('{')) throw new Error(`a program ended without a word: ${this.#output.text}`);
    return JSON.parse(line) as Said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop({ graceMs: STOP_TIMEOUT_MS });
  }
}
