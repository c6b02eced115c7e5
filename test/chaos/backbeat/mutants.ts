/** `make chaos PART=mutants`: breaks raft-ts on purpose, one way at a time; `MUTANT=part of a name` chooses. Each must be noticed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

let failed = 0;
for (const name of ['raft-ts']) {
  const file = fileURLToPath(new URL(`../../../packages/${name}/test/run-mutants.ts`, import.meta.url));
  const child = spawn(process.execPath, [file, process.env['MUTANT'] ?? ''], { stdio: 'inherit' });
  const stop = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.once('SIGTERM', stop);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGTERM', stop);
  if (code !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
