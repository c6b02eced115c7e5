import { OwnedProcess } from '@whoosh/devkit';

const OUTPUT_SHOWN_CHARACTERS = 2_000;

/** Runs a program to its end and gives the lines that it printed; rejects with them when it failed. */
export async function finishedProgram(file: string, args: readonly string[]): Promise<readonly string[]> {
  let text = '';
  const child = await OwnedProcess.start({
    file,
    args,
    onOutput: (chunk) => {
      text += chunk.toString();
    },
  });
  const { code, signal } = await child.exited;
  if (code === 0) return text.split('\n');
  throw new Error(`${file} ended with ${signal ?? code}: ${text.slice(-OUTPUT_SHOWN_CHARACTERS)}`);
}
