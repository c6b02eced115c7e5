/** kill -9 of each working service at a seeded point, and the broker away for a while: the job completes, once, and leaves the same behind. */
import { beforeAll, describe, expect, test } from 'vitest';
import { QUIET, runBothJobs } from '../main-job/both-jobs.ts';
import { BROKER_AWAY_MS, freezeBroker } from '../chaos/freeze-broker.ts';
import { killAt, VICTIMS } from '../chaos/kill-at.ts';
import { startWhoosh } from '../main-job/running-whoosh.ts';
import { snapshot, type Snapshot } from '../main-job/snapshot.ts';

const SEED = Number(process.env['SEED'] ?? 1);

let undisturbed: Snapshot;
beforeAll(async () => {
  await using whoosh = await startWhoosh({ env: QUIET });
  await runBothJobs(whoosh);
  undisturbed = await snapshot(whoosh);
}, 400_000);

describe('killed at one seeded point each', () => {
  test(`${VICTIMS.join(', ')} (SEED=${SEED})`, async () => {
    await using whoosh = await startWhoosh({ env: QUIET });
    const kills = VICTIMS.map((victim, index) => killAt(whoosh, victim, SEED + index));
    await runBothJobs(whoosh, () => kills.forEach((kill) => kill.arm()));
    expect(kills.map((kill) => kill.done())).toEqual(VICTIMS.map(() => true));
    expect(await snapshot(whoosh)).toEqual(undisturbed);
  }, 400_000);
});

test(`the broker stands still for ${BROKER_AWAY_MS / 1_000} s in the middle: said, then completed, nothing doubled`, async () => {
  await using whoosh = await startWhoosh({ env: QUIET });
  let frozen: ReturnType<typeof freezeBroker> | undefined;
  await runBothJobs(whoosh, () => {
    frozen = freezeBroker(whoosh);
  });
  expect(await frozen).toEqual({ statusWhileAway: 503 });
  expect(await snapshot(whoosh)).toEqual(undisturbed);
}, 400_000);
