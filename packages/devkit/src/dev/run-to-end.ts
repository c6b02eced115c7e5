import { OwnedProcess } from '../owned-process.ts';
import { withProgress, type Say } from '../progress.ts';

const outputKeptBytes = 8_000;

export interface Step {
  readonly what: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Runs a program that ends by itself; its output is shown only when it fails. */
export async function runToEnd(step: Step, say: Say): Promise<void> {
  const { what, file, args, env, cwd } = step;
  let output = '';
  const child = await OwnedProcess.start({
    file,
    args,
    onOutput: (chunk) => void (output = (output + chunk.toString()).slice(-outputKeptBytes)),
    ...(env === undefined ? {} : { env }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  const { code, signal } = await withProgress(what, () => child.exited, { say });
  if (code !== 0) throw new Error(`${what} failed (${signal ?? `code ${code}`}):\n${output.trim()}`);
}
