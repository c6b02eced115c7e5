/**
 * The orchestrator is killed with SIGKILL at seeded points of its work and started again. Whatever the
 * point: afterwards exactly the wanted agents run, each once, and every life can be replayed from its inputs.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { newPrivateKey } from '@whoosh/backbeat-sdk/keys';
import { Random } from '@whoosh/stdx';
import { until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import {
  type Deployment,
  type DeploymentInput,
  newDeployment,
  stepDeployment,
  type Want,
} from '../src/domain/deployment.ts';
import { openStation } from './orchestrator-process.ts';
import { openRestDoor } from './rest-door.ts';
import { ScriptedCouncil } from './scripted-council.ts';
import { startWorld, type World } from './world.ts';

/** The points differ by seed; `CRASH_SEEDS=11,12,13` looks at more of them. */
const SEEDS = (process.env['CRASH_SEEDS'] ?? '12').split(',').map(Number);
const KILLS_STARTING = 3;
const KILLS_STOPPING = 1;
const STEPS_BETWEEN_MAX = 4;
const WAIT_MS = 90_000;

test.each(SEEDS)(
  'killed at the points of seed %i: no orphan, no duplicate, none missing',
  { timeout: 420_000 },
  async (seed) => {
    const random = new Random(seed);
    await using world = await startWorld();
    await using door = await openRestDoor(await world.newBus('gateway'));
    await using station = await openStation(world, door.url, {
      WHOOSH_AGENT_VOUCHER_KEY: newPrivateKey(),
    });
    const council = new ScriptedCouncil(world, { refusals: Number.MAX_SAFE_INTEGER });
    world.pulse.start();
    await council.open(await world.newBus('council'));

    const isHealthy = async () => (await statuses(world)).join() === 'healthy,healthy,healthy';
    for (let kill = 0; kill < KILLS_STARTING; kill += 1) await killWithin(isHealthy);
    station.start();
    await until(isHealthy, { timeoutMs: WAIT_MS, describe: 'three healthy deployments' });
    // An agent that is replaced may take a moment to see that its file is gone.
    await until(async () => (await livingRefs()).join() === (await wantedRefs(world)).join(), {
      timeoutMs: WAIT_MS,
      describe: 'exactly the wanted agents',
    });

    await council.cancel();
    const isRemoved = async () => (await statuses(world)).join() === 'removed,removed,removed';
    for (let kill = 0; kill < KILLS_STOPPING; kill += 1) {
      await station.kill('SIGKILL');
      await killWithin(isRemoved);
    }
    station.start();
    await until(isRemoved, { timeoutMs: WAIT_MS, describe: 'three removed deployments' });
    await until(async () => (await livingRefs()).length === 0, { timeoutMs: WAIT_MS });
    const left = await readdir(join(station.stateDirectory, 'agents'));
    // What was being written when the kill came is swept a minute later; no file, no token and no key may stay.
    expect(left.filter((name) => /\.(?:json|token|key)$/.test(name))).toEqual([]);
    await expectReplayable(world);
    expect(await world.db.selectFrom('deployments').select('id').execute()).toHaveLength(3);

    async function livingRefs(): Promise<string[]> {
      return (await station.living()).map(({ ref }) => ref).toSorted();
    }

    /** Starts the service and kills it after a few more of its steps, or when there is nothing left to do. */
    async function killWithin(isDone: () => Promise<boolean>): Promise<void> {
      const target = (await progress(world, station.stateDirectory)) + random.int(1, STEPS_BETWEEN_MAX);
      station.start();
      await until(async () => (await progress(world, station.stateDirectory)) >= target || (await isDone()), {
        timeoutMs: WAIT_MS,
        everyMs: 1,
        describe: `step ${target}`,
      });
      await station.kill('SIGKILL');
      expect(new Set(await livingRefs()).size).toBe((await livingRefs()).length);
    }
  },
);

async function statuses(world: World): Promise<string[]> {
  const rows = await world.db.selectFrom('deployments').select('status').execute();
  return rows.map(({ status }) => status);
}

async function wantedRefs(world: World): Promise<string[]> {
  const rows = await world.db.selectFrom('deployments').select(['id', 'generation']).execute();
  return rows.map(({ id, generation }) => `${id}.${generation}`).toSorted();
}

/** Grows with every change that is stored and every file that is written: points between a word and its deed included. */
async function progress(world: World, stateDirectory: string): Promise<number> {
  const { count } = await world.db
    .selectFrom('orchestrator_history')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  const names = await readdir(join(stateDirectory, 'agents')).catch(() => []);
  return Number(count) + names.filter((name) => name.endsWith('.log')).length;
}

/** Folding the stored inputs makes the row again. */
async function expectReplayable(world: World): Promise<void> {
  const rows = await world.db.selectFrom('deployments').selectAll().execute();
  for (const row of rows) {
    const history = await world.db
      .selectFrom('orchestrator_history')
      .select(['revision', 'input', 'to_state'])
      .where('life_id', '=', row.id)
      .orderBy('revision')
      .execute();
    expect(history.map(({ revision }) => revision)).toEqual(history.map((_, at) => at + 1));
    const inputs = history.map(({ input }) => input as unknown);
    const [first, ...rest] = inputs as [{ want: Want; at: number; reason: string }, ...DeploymentInput[]];
    const begun: Deployment = newDeployment(first.want, first.at, first.reason).deployment;
    const replayed = rest.reduce((life, input) => stepDeployment(life, input).deployment, begun);
    expect(replayed).toMatchObject({
      status: row.status,
      attempt: row.attempt,
      generation: row.generation,
      revision: row.revision,
      desired: row.desired,
      joinTokenSha256: row.join_token_sha256,
    });
  }
}
