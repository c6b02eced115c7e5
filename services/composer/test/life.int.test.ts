import { agents, deployments, tasks, teams } from '@whoosh/contracts';
import { agentView } from '@whoosh/contracts/testing';
import { until } from '@whoosh/testkit';
import { describe, expect, test } from 'vitest';
import { type TeamInput } from '../src/domain/team-input.ts';
import { replay } from '../src/domain/team-step.ts';
import { TeamStore } from '../src/store/teams.ts';
import { ADMIN, deploymentOf, World } from './running-composer.ts';

const SIZE_TWO = { WHOOSH_COMPOSER_MIN_TEAM_SIZE: '2', WHOOSH_COMPOSER_MAX_TEAM_SIZE: '2' };

/** A team of two whose agents are both deployed and healthy. */
const deployed = async (world: World) => {
  await world.agent('ada', ['typescript', 'postgres', 'testing']);
  await world.agent('bob', ['typescript', 'postgres', 'testing']);
  const task = await world.task();
  const team = await world.team(task);
  const made = team.members.map(({ role }) => deploymentOf(team, role));
  for (const one of made) {
    await world.say(deployments.deploymentWanted, one.id, one);
    await world.say(deployments.deploymentHealthy, one.id, { ...one, status: 'healthy' });
  }
  return { task, made, team: await world.until(task.id, ({ status }) => status === 'deployed') };
};

test('deployments and work carry a team to its end, and the history makes the same team again', async () => {
  await using world = await World.start({ instances: 2, env: SIZE_TWO });
  const { task, made, team } = await deployed(world);
  expect(team).toMatchObject({ deployment_status: 'deployed' });
  expect(team.members.map((one) => one.deployment_id)).toEqual(made.map(({ id }) => id));
  const worker = agentView({
    agent_id: 'executor-deployed',
    source: 'deployed',
    team_id: team.id,
    deployment_id: made[0]?.id ?? null,
    activity: 'working',
  });
  await world.say(agents.agentOnline, worker.agent_id, worker);
  await world.until(task.id, ({ status }) => status === 'working');
  await world.sayTask(tasks.taskClosed, task, { issue_state: 'closed' });
  const ended = await world.until(task.id, ({ status }) => status === 'completed');
  expect(ended).toMatchObject({ reason: 'the issue was closed', deployment_status: 'removed' });

  await until(() => world.happenings(team.id).includes('completed'));
  expect(world.happenings(team.id)).toEqual([
    'composed',
    'changed',
    'joined',
    'changed',
    'joined',
    'deployed',
    'working',
    'completed',
  ]);
  const rows = await world.db
    .selectFrom('composer_history')
    .selectAll()
    .where('life_id', '=', team.id)
    .orderBy('revision')
    .execute();
  const inputs = rows.flatMap(({ input }) => (input === null ? [] : [input as unknown as TeamInput]));
  expect(replay(inputs)).toEqual(await new TeamStore().load(world.db, team.id));
});

test('what an agent did counts for the next team', async () => {
  await using world = await World.start({ env: SIZE_TWO });
  const { team } = await deployed(world);
  const request = { id: team.id, status: 'failed', reason: 'it went wrong' } as const;
  const failed = await world.bus.call(teams.setTeamStatus, request, { principal: ADMIN });
  expect(failed).toMatchObject({ status: 'failed', reason: 'it went wrong' });
  expect(await world.bus.call(teams.setTeamStatus, request, { principal: ADMIN })).toEqual(failed);
  await expect(
    world.bus.call(teams.setTeamStatus, { ...request, status: 'completed' }, { principal: ADMIN }),
  ).rejects.toMatchObject({ code: 'failed_precondition' });
  const next = await world.team(await world.task());
  const { input } = await world.bus.call(teams.getDecision, { id: next.id });
  expect(input.agents.map(({ load, failed: losses }) => [load, losses])).toEqual([
    [0, 1],
    [0, 1],
  ]);
});

describe('an end', () => {
  test('comes with a deployment that is given up, not with one that is tried again', async () => {
    await using world = await World.start();
    await world.agent('ada', ['typescript', 'postgres']);
    const team = await world.team(await world.task());
    const one = deploymentOf(team, 'executor', { status: 'failed', reason: 'it crashed' });
    await world.say(deployments.deploymentFailed, one.id, { ...one, retry_at: new Date().toISOString() });
    await world.until(team.task_id, ({ members }) => members[0]?.deployment_status === 'failed');
    await world.say(deployments.deploymentFailed, one.id, { ...one, retry_at: null });
    const failed = await world.until(team.task_id, ({ status }) => status === 'failed');
    expect(failed.reason).toBe('executor could not be deployed: it crashed');
  });

  test('comes with the closing of the issue, and with a label that is taken away', async () => {
    await using world = await World.start();
    const closed = await world.task();
    await world.team(closed);
    await world.sayTask(tasks.taskClosed, closed, { issue_state: 'closed' });
    await world.until(closed.id, ({ status }) => status === 'cancelled');

    const relabelled = await world.task();
    await world.team(relabelled);
    world.tasks.set(relabelled.id, { ...relabelled, kind: 'other' });
    await world.sayTask(tasks.taskChanged, relabelled, { kind: 'other' });
    const team = await world.until(relabelled.id, ({ status }) => status === 'cancelled');
    expect(team.reason).toBe('the issue asks for no team any more');
  });

  test('comes to the team of an attempt that a Design Brief took the place of', async () => {
    await using world = await World.start();
    const task = await world.task();
    await world.team(task);
    world.tasks.set(task.id, { ...task, kind: 'brief', attempt: 2 });
    await world.sayTask(tasks.taskOpened, task, { kind: 'brief', attempt: 2 });
    await world.until(task.id, ({ status }) => status === 'cancelled');
  });

  test('does not come with a label that is back before its absence was heard of', async () => {
    await using world = await World.start();
    const task = await world.task();
    const team = await world.team(task);
    await world.sayTask(tasks.taskChanged, task, { kind: 'other' });
    await world.sayTask(tasks.taskOpened, task);
    // The consumer keeps the order: when the later task has its team, the others were handled.
    await world.team(await world.task());
    expect((await world.bus.call(teams.getTeam, { id: team.id })).status).toBe('waiting');
  });

  test('of one attempt is not that of the next', async () => {
    await using world = await World.start();
    const task = await world.task();
    const first = await world.team(task);
    await world.sayTask(tasks.taskClosed, task, { issue_state: 'closed' });
    world.tasks.set(task.id, { ...task, attempt: 2 });
    await world.sayTask(tasks.taskReopened, task, { attempt: 2 });
    const second = await world.until(task.id, ({ attempt }) => attempt === 2);
    expect(second.id).not.toBe(first.id);
    // Said late and again, the old end is the end of the old attempt alone.
    await world.sayTask(tasks.taskClosed, task, { issue_state: 'closed' });
    await world.team(await world.task());
    expect((await world.bus.call(teams.getTeam, { id: second.id })).status).toBe('waiting');
  });
});
