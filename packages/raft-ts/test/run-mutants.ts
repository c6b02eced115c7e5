import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Mutant, MUTANTS } from './mutants/catalogue.ts';

/**
 * Breaks the library on purpose, one mutant at a time, in a copy of it, and runs the proof against each:
 * `node test/run-mutants.ts [part of a name]`. The source itself knows nothing of this. Fails when one survives.
 * Environment: `MUTANT_SEEDS` simulated seeds for those that the tests let pass (default 1000).
 */
const SEEDS = process.env['MUTANT_SEEDS'] ?? '1000';
/** Long enough for a busy machine; a mutant that makes the library run in circles ends here. */
const LIMIT_MS = 600_000;
const [wanted = ''] = process.argv.slice(2);

const root = join(import.meta.dirname, '..');
const vitest = createRequire(import.meta.url).resolve('vitest/package.json');
const modules = dirname(dirname(vitest));

async function run(directory: string, args: readonly string[]): Promise<{ ok: boolean; output: string }> {
  const child = spawn(process.execPath, args, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (output += String(bytes)));
  const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const [status] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { ok: status === 0, output };
}

/** A copy of the package without the slow tests over sockets. */
async function copyOfPackage(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'raft-mutant-'));
  for (const part of ['src', 'test', 'sim', 'testdata', 'package.json']) {
    await cp(join(root, part), join(directory, part), { recursive: true });
  }
  await symlink(modules, join(directory, 'node_modules'));
  const config = `export default { test: { include: ['src/**/*.test.ts', 'test/*.test.ts'], testTimeout: 60000 } };`;
  await writeFile(join(directory, 'vitest.config.mjs'), config);
  return directory;
}

const VITEST = [join(dirname(vitest), 'vitest.mjs'), 'run', '--bail', '1', '--reporter', 'dot'];
const ONE_PROCESS = ['--no-isolate', '--maxWorkers', '1'];
const RULES = ['src/', 'test/paper', 'test/thesis', 'test/limits', 'test/interaction'];
/** Without those over sockets, which are slow and know less than the others. */
const DRIVER = ['src/node/', 'test/log-damage', 'test/driver-order', 'test/wire'];

function tests(...files: readonly string[]): readonly string[] {
  return [...VITEST, ...ONE_PROCESS, ...files];
}

const SIMULATION = ['sim/run.ts', '1', SEEDS];

async function killer(directory: string, file: string): Promise<string | undefined> {
  const ofDriver = file.startsWith('node/');
  const result = await run(directory, tests(...(ofDriver ? DRIVER : RULES)));
  if (!result.ok) {
    const failed = / FAIL +(?:\S+ +)?(.*)/.exec(result.output);
    return failed?.[1] ?? 'the tests do not end';
  }
  if (ofDriver) return undefined;
  const simulation = await run(directory, SIMULATION);
  if (simulation.ok) return undefined;
  const [, what = 'does not end'] = /(?:Violation|Error): (.*)/.exec(simulation.output) ?? [];
  const [seed = ''] = /run\.ts \d+ 1 \w+/.exec(simulation.output) ?? [];
  return `simulation ${seed}: ${what.slice(0, 90)}`;
}

async function judge(directory: string, mutant: Mutant): Promise<boolean> {
  const path = join(directory, 'src', mutant.file);
  const source = await readFile(path, 'utf8');
  if (source.split(mutant.from).length !== 2) throw new Error(`mutant "${mutant.name}" does not apply`);
  await writeFile(
    path,
    source.replace(mutant.from, () => mutant.to),
  );
  const killedBy = await killer(directory, mutant.file);
  await writeFile(path, source);
  console.log(`${killedBy === undefined ? 'SURVIVED' : 'killed  '}  ${mutant.name}  ${killedBy ?? ''}`);
  return killedBy !== undefined;
}

const chosen = MUTANTS.filter(({ name }) => name.includes(wanted));
if (chosen.length === 0) throw new Error(`no mutant has '${wanted}' in its name`);
const directory = await copyOfPackage();
try {
  const sound = await run(directory, tests(...RULES, ...DRIVER));
  if (!sound.ok) throw new Error(`the tests fail without any mutant:\n${sound.output}`);
  let killed = 0;
  for (const mutant of chosen) if (await judge(directory, mutant)) killed += 1;
  console.log(JSON.stringify({ mutants: chosen.length, killed }));
  process.exitCode = killed === chosen.length ? 0 : 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}
