/**
 * `make chaos`: every part of the proof that takes longer than a test run may; `make chaos PART=nemesis SEED=7` one alone. Each part is a
 * process of its own and says how to play a failure again. Fails when one does, and when one cannot be had here.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

interface Part {
  readonly name: string;
  readonly what: string;
  readonly program: string;
}

const PARTS: readonly Part[] = [
  {
    name: 'simulation',
    what: 'Raft and pulses in virtual time, parameters drawn per seed',
    program: 'backbeat/simulation.ts',
  },
  { name: 'fuzz', what: 'mutated frames and messages by the million', program: 'backbeat/fuzz.ts' },
  {
    name: 'nemesis',
    what: 'real pulses, brokers and reverbs under faults, every frame recorded',
    program: 'backbeat/nemesis.ts',
  },
  { name: 'main-job', what: 'both jobs through kill -9 and without the broker', program: 'main-job-part.ts' },
  { name: 'mutants', what: 'the libraries broken on purpose', program: 'backbeat/mutants.ts' },
];

const wanted = process.env['PART'] ?? '';
const parts = wanted === '' ? PARTS : PARTS.filter(({ name }) => name === wanted);
if (parts.length === 0) {
  console.error(`no part '${wanted}'; there are ${PARTS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
// One number for all parts, so that the whole can be played again.
const seed = process.env['SEED'] ?? String(Date.now() % 1_000_000);
console.log(`SEED=${seed}`);

const failed: string[] = [];
for (const part of parts) {
  console.log(`\n${part.name}: ${part.what}`);
  const startedAt = performance.now();
  const code = await play(part);
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  if (code === 0) {
    console.log(`ok   ${part.name} (${seconds} s)`);
    continue;
  }
  console.log(`FAIL ${part.name} (${seconds} s): replay with make chaos PART=${part.name} SEED=${seed}`);
  failed.push(part.name);
  if (code === 130) break;
}
console.log(failed.length === 0 ? `\n${parts.length} parts ok` : `\nfailed: ${failed.join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);

/** The exit status; 130 when it was interrupted. It stands in our process group, so Ctrl-C reaches it too. */
async function play({ program }: Part): Promise<number> {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [file], { stdio: 'inherit', env: { ...process.env, SEED: seed } });
  let isInterrupted = false;
  const interrupt = (signal: NodeJS.Signals): void => {
    isInterrupted = true;
    child.kill(signal);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  return isInterrupted ? 130 : (code ?? 1);
}
