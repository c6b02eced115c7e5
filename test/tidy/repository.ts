import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The root of this repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What git tracks, or would (new files that are not ignored). */
export function trackedFiles(): string[] {
  const text = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return text.split('\0').filter((name) => name !== '');
}
