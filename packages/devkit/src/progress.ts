/** A wait that says nothing looks like a hang: after a second we say what is being waited for. */

const firstLineAfterMs = 1_000;
const nextLineEveryMs = 5_000;

export type Say = (line: string) => void;

/** Writes to standard error, so that the last line of standard output can be read by scripts. */
export const sayOnStderr: Say = (line) => void process.stderr.write(`${line}\n`);

/**
 * Runs `work` and says `what` once it has taken a second, then every five seconds with the time
 * gone by. `detail` adds what is known about the state of the wait.
 */
export async function withProgress<T>(
  what: string,
  work: () => Promise<T>,
  { say = sayOnStderr, detail }: { say?: Say; detail?: () => string } = {},
): Promise<T> {
  const startedMs = performance.now();
  const line = (): void => {
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    const more = detail?.() ?? '';
    say(`  … ${what} (${seconds} s)${more === '' ? '' : `: ${more}`}`);
  };
  let repeat: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    line();
    repeat = setInterval(line, nextLineEveryMs);
  }, firstLineAfterMs);
  try {
    return await work();
  } finally {
    clearTimeout(first);
    clearInterval(repeat);
  }
}
