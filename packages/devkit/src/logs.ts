/** `make logs`: what all processes of the dev run print, or one of them (`SERVICE=council`), as it comes. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { readDevSettings } from './dev/dev-settings.ts';
import { loadEnvironment } from './load-environment.ts';

const directory = join(readDevSettings(loadEnvironment()).directory, 'logs');
const wanted = process.env['SERVICE'] ?? '';
const files = (existsSync(directory) ? readdirSync(directory) : []).filter(
  (name) => name.endsWith('.log') && (wanted === '' || name.startsWith(wanted)),
);
if (files.length === 0) {
  console.error(
    wanted === ''
      ? 'There are no logs yet. `make run-dev` writes them.'
      : `There is no log of ${wanted} in ${directory}.`,
  );
  process.exit(1);
}
const follow = process.env['FOLLOW'] === 'false' ? [] : ['-F'];
const tail = spawn('tail', ['-n', '40', ...follow, ...files], { cwd: directory, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tail.kill(signal));
tail.once('close', () => process.exit(0));
