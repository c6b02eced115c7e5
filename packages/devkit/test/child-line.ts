import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Starts a program of ours and waits for the one line of JSON that says it is up. */
export async function startAndRead<T>(
  file: string,
  args: readonly string[],
): Promise<{ child: ChildProcess; line: T }> {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const text of createInterface({ input: child.stdout })) {
    child.stdout.resume();
    return { child, line: JSON.parse(text) as T };
  }
  throw new Error(`${file} ended without a word`);
}
