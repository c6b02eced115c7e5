import { agents, deployments, tasks, teams } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';
import { describe, expect, test } from 'vitest';
import { type TeamInput } from '../src/domain/team-input.ts';
import { replay } from '../src/domain/team-step.ts';
import { TeamStore } from '../src/store/teams.ts';
import { ADMIN, Bench } from './bench.ts';
import { agentOf, deploymentOf } from './rows.ts';

const SIZE_TWO = { WHOOSH_COMPOSER_MIN_TEAM_SIZE: '2', WHOOSH_COMPOSER_MAX_TEAM_SIZE: '2' };

/** A team of two whose agents are both deployed and healthy. */
const deployed = async (bench: Bench) => {
  await bench.agent('ada', ['typescript', 'postgres', 'testing']);
  await bench.agent('bob', ['typescript', 'postgres', 'testing']);
  const task = await bench.task();
  const team = await bench.team(task);
  const made = team.members.map(({ role }) => deploymentOf(team, role));
  for (const one of made) {
    await bench.say(deployments.deploymentWanted, one.id, one);
    await bench.say(deployments.deploymentHealthy, one.id, { ...one, status: 'healthy' });
  }
  return { task, made, team: await bench.until(task.id, ({ status }) => status === 'deployed') };
};

test('deployments and work carry a team to its end, and the history makes the same team again', async () => {
  await using bench = await Bench.start({ instances: 2, env: SIZE_TWO });
  const { task, made, team } = await deployed(bench);
  expect(team).toMatchObject({ deployment_status: 'deployed' });
  expect(team.members.map((one) => one.deployment_id)).toEqual(made.map(({ id }) => id));
  const worker = agentOf('executor-deployed', [], {
    source: 'deployed',
    team_id: team.id,
    deployment_id: made[0]?.id ?? null,
    activity: 'working',
  });
  await bench.say(agents.agentOnline, worker.agent_id, worker);
  await bench.until(task.id, ({ status }) => status === 'working');
  await bench.sayTask(tasks.taskClosed, task, { issue_state: 'closed' });
  const ended = await bench.until(task.id, ({ status }) => status === 'completed');
  expect(ended).toMatchObject({ reason: 'the issue was closed', deployment_status: 'removed' });

  await until(() => bench.happenings(team.id).includes('completed'));
  expect(bench.happenings(team.id)).toEqual([
    'composed',
    'changed',
    'joined',
    'changed',
    'joined',
    'deployed',
    'working',
    'completed',
  ]);
  const rows = await bench.db
    .selectFrom('composer_history')
    .selectAll()
    .where('life_id', '=', team.id)
    .orderBy('revision')
    .execute();
  const inputs = rows.flatMap(({ input }) => (input === null ? [] : [input as unknown as TeamInput]));
  expect(replay(inputs)).toEqual(await new TeamStore().load(bench.db, team.id));
});

test('what an agent did counts for the next team', async () => {
  await using bench = await Bench.start({ env: SIZE_TWO });
  const { team } = await deployed(bench);
  const request = { id: team.id, status: 'failed', reason: 'it went wrong' } as const;
  const failed = await bench.bus.call(teams.setTeamStatus, request, { principal: ADMIN });
  expect(failed).toMatchObject({ status: 'failed', reason: 'it went wrong' });
  expect(await bench.bus.call(teams.setTeamStatus, request, { principal: ADMIN })).toEqual(failed);
  await expect(
    bench.bus.call(teams.setTeamStatus, { ...request, status: 'completed' }, { principal: ADMIN }),
  ).rejects.toMatchObject({ code: 'failed_precondition' });
  const next = await bench.team(await bench.task());
  const { input } = await bench.bus.call(teams.getDecision, { id: next.id });
  expect(input.agents.map(({ load, failed: losses }) => [load, losses])).toEqual([
    [0, 1],
    [0, 1],
  ]);
});

describe('an end', () => {
  test('comes with a deployment that is given up, not with one that is tried again', async () => {
    await using bench = await Bench.start();
    await bench.agent('ada', ['typescript', 'postgres']);
    const team = await bench.team(await bench.task());
    const one = deploymentOf(team, 'executor', { status: 'failed', reason: 'it crashed' });
    await bench.say(deployments.deploymentFailed, one.id, { ...one, retry_at: new Date().toISOString() });
    await bench.until(team.task_id, ({ members }) => members[0]?.deployment_status === 'failed');
    await bench.say(deployments.deploymentFailed, one.id, { ...one, retry_at: null });
    const failed = await bench.until(team.task_id, ({ status }) => status === 'failed');
    expect(failed.reason).toBe('executor could not be deployed: it crashed');
  });

  test('comes with the closing of the issue, and with a label that is taken away', async () => {
    await using bench = await Bench.start();
    const closed = await bench.task();
    await bench.team(closed);
    await bench.sayTask(tasks.taskClosed, closed, { issue_state: 'closed' });
    await bench.until(closed.id, ({ status }) => status === 'cancelled');

    const relabelled = await bench.task();
    await bench.team(relabelled);
    bench.tasks.set(relabelled.id, { ...relabelled, kind: 'other' });
    await bench.sayTask(tasks.taskChanged, relabelled, { kind: 'other' });
    const team = await bench.until(relabelled.id, ({ status }) => status === 'cancelled');
    expect(team.reason).toBe('the issue asks for no team any more');
  });

  test('comes to the team of an attempt that a Design Brief took the place of', async () => {
    await using bench = await Bench.start();
    const task = await bench.task();
    await bench.team(task);
    bench.tasks.set(task.id, { ...task, kind: 'brief', attempt: 2 });
    await bench.sayTask(tasks.taskOpened, task, { kind: 'brief', attempt: 2 });
    await bench.until(task.id, ({ status }) => status === 'cancelled');
  });

  test('does not come with a label that is back before its absence was heard of', async () => {
    await using bench = await Bench.start();
    const task = await bench.task();
    const team = await bench.team(task);
    await bench.sayTask(tasks.taskChanged, task, { kind: 'other' });
    await bench.sayTask(tasks.taskOpened, task);
    // The consumer keeps the order: when the later task has its team, the others were handled.
    await bench.team(await bench.task());
    expect((await bench.bus.call(teams.getTeam, { id: team.id })).status).toBe('waiting');
  });

  test('of one attempt is not that of the next', async () => {
    await using bench = await Bench.start();
    const task = await bench.task();
    const first = await bench.team(task);
    await bench.sayTask(tasks.taskClosed, task, { issue_state: 'closed' });
    bench.tasks.set(task.id, { ...task, attempt: 2 });
    await bench.sayTask(tasks.taskReopened, task, { attempt: 2 });
    const second = await bench.until(task.id, ({ attempt }) => attempt === 2);
    expect(second.id).not.toBe(first.id);
    // Said late and again, the old end is the end of the old attempt alone.
    await bench.sayTask(tasks.taskClosed, task, { issue_state: 'closed' });
    await bench.team(await bench.task());
    expect((await bench.bus.call(teams.getTeam, { id: second.id })).status).toBe('waiting');
  });
});
