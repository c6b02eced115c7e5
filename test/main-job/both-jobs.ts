/** One brief and one task through a whole run, with something done to it on the way; ends when both are done. */
import { fileURLToPath } from 'node:url';
import { until } from '@whoosh/testkit';
import {
  addRepository,
  councilBecomes,
  deploymentsOf,
  fleetIdle,
  openBrief,
  openTask,
  teamBecomes,
} from './main-job.ts';
import { type RunningWhoosh } from './running-whoosh.ts';
import { withStory } from './told-story.ts';

/**
 * For runs that are compared: the fleet waits for work, so that the team does not depend on the moment, and a bar lasts
 * four seconds, so that a council needs no second round because the machine is slow.
 */
export const QUIET = {
  BACKBEAT_SCORE: fileURLToPath(new URL('quiet-fleet.yaml', import.meta.url)),
  BACKBEAT_TEMPO_BPM: '60',
};

export interface BothJobs {
  readonly brief: number;
  readonly task: number;
}

/** `disturb` begins after the repository and the fleet are there, and before the issues are opened. */
export async function runBothJobs(
  whoosh: RunningWhoosh,
  disturb: (whoosh: RunningWhoosh) => void = () => {},
): Promise<BothJobs> {
  return withStory(whoosh.directory, async () => {
    await addRepository(whoosh);
    await fleetIdle(whoosh);
    disturb(whoosh);
    const brief = await openBrief(whoosh);
    const task = await openTask(whoosh);
    const council = await councilBecomes(whoosh, brief, 'completed', 180_000);
    await teamBecomes(whoosh, task, ['working'], 180_000);
    await settled(whoosh, council.id);
    return { brief, task };
  });
}

/** The council's agents are down, every event is published, every comment is posted. */
async function settled(whoosh: RunningWhoosh, councilId: string): Promise<void> {
  await until(
    async () => (await deploymentsOf(whoosh, councilId)).every(({ status }) => status === 'removed'),
    { timeoutMs: 90_000, describe: 'the agents of the council are removed' },
  );
  const count = async (sql: string) =>
    Number((await whoosh.database.query<{ count: string }>(sql)).rows[0]?.count);
  await until(
    async () =>
      (await count(
        'select count(*) from issue_comments where posted_sha256 is distinct from body_sha256',
      )) === 0,
    { timeoutMs: 60_000, describe: 'every comment is posted' },
  );
  for (const service of ['monitor', 'council', 'composer', 'orchestrator']) {
    await until(
      async () => (await count(`select count(*) from ${service}_outbox where published_at is null`)) === 0,
      { timeoutMs: 30_000, describe: `the outbox of ${service} is published` },
    );
  }
}
