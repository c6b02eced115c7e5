/**
 * `make chaos PART=main-job SEED=n`: both jobs through ten runs, in each of which monitor, council, composer and orchestrator are killed at points that
 * the seed decides; then one in which the broker stands still for 20 s. Each must leave behind what an undisturbed run leaves.
 */
import { isDeepStrictEqual } from 'node:util';
import { QUIET, runBothJobs } from '../main-job/both-jobs.ts';
import { startWhoosh, type RunningWhoosh } from '../main-job/running-whoosh.ts';
import { snapshot, type Snapshot } from '../main-job/snapshot.ts';
import { BROKER_AWAY_MS, freezeBroker } from './freeze-broker.ts';
import { killAt, VICTIMS } from './kill-at.ts';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const KILLS_EACH = Number(process.env['KILLS'] ?? 10);

async function play(disturb: (whoosh: RunningWhoosh) => void = () => {}): Promise<Snapshot> {
  await using whoosh = await startWhoosh({ env: QUIET });
  await runBothJobs(whoosh, disturb);
  // Awaited here: what is looked at must still be running.
  return await snapshot(whoosh);
}

let failed = 0;
let passed = 0;
function compare(name: string, expected: Snapshot, actual: Snapshot): void {
  if (isDeepStrictEqual(actual, expected)) {
    passed += 1;
    console.log(`  ok   ${name}`);
    return;
  }
  failed += 1;
  console.log(`  FAIL ${name}: replay with make chaos PART=main-job SEED=${SEED}`);
  for (const part of ['tables', 'lives'] as const) {
    for (const key of new Set([...Object.keys(expected[part]), ...Object.keys(actual[part])])) {
      if (isDeepStrictEqual(expected[part][key], actual[part][key])) continue;
      console.log(
        `       ${key}\n         expected ${JSON.stringify(expected[part][key])}\n         found    ${JSON.stringify(actual[part][key])}`,
      );
    }
  }
}

console.log(`SEED=${SEED}: an undisturbed run first`);
const undisturbed = await play();
for (let round = 0; round < KILLS_EACH; round++) {
  const seeds = VICTIMS.map((_, index) => SEED + round * VICTIMS.length + index);
  try {
    const after = await play((whoosh) =>
      VICTIMS.forEach((victim, index) => killAt(whoosh, victim, seeds[index] ?? SEED).arm()),
    );
    compare(`round ${round + 1} of ${KILLS_EACH}: kill -9 of ${VICTIMS.join(', ')}`, undisturbed, after);
  } catch (cause) {
    failed += 1;
    console.log(`  FAIL round ${round + 1}: replay with make chaos PART=main-job SEED=${SEED}\n`, cause);
  }
}
try {
  const after = await play((whoosh) => void freezeBroker(whoosh));
  compare(`the broker away for ${BROKER_AWAY_MS / 1_000} s`, undisturbed, after);
} catch (cause) {
  failed += 1;
  console.log(`  FAIL the broker away\n`, cause);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
