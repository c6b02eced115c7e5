import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../paths.ts';
import { type Say } from '../progress.ts';
import { runToEnd } from './run-to-end.ts';

/** The gateway serves the page from a folder that is not in git. */
export async function buildPage(say: Say): Promise<void> {
  const directory = join(repositoryRoot, 'services', 'gateway');
  const vite = join(repositoryRoot, 'node_modules', 'vite', 'bin', 'vite.js');
  if (!existsSync(join(directory, 'page')) || !existsSync(vite)) return;
  await runToEnd(
    { what: 'building the page', file: process.execPath, args: [vite, 'build', 'page'], cwd: directory },
    say,
  );
}
