import { agents, tasks, teams } from '@whoosh/contracts';
import { canonicalJson } from '@whoosh/stdx';
import { until } from '@whoosh/testkit';
import { describe, expect, test } from 'vitest';
import { remake } from '../src/domain/decide.ts';
import { ADMIN, World } from './running-composer.ts';

const teamsOf = async (world: World, taskId: string) =>
  await world.db.selectFrom('teams').selectAll().where('task_id', '=', taskId).execute();
const crew = async (world: World) => {
  await world.agent('ada', ['typescript', 'postgres', 'testing', 'security']);
  await world.agent('bob', ['typescript', 'node', 'testing']);
  await world.agent('cyd', ['postgres', 'security', 'planning', 'typescript']);
  await world.agent('deployed', ['typescript', 'postgres', 'data'], { source: 'deployed' });
  await world.agent('away', ['typescript', 'postgres', 'data'], { status: 'stale' });
};

test('a task that is told of three times gets one team, with the reasons for its members', async () => {
  await using world = await World.start({ instances: 2 });
  await crew(world);
  const task = await world.task();
  await Promise.all([1, 2, 3].map(() => world.sayTask(tasks.taskOpened, task)));
  // The consumer keeps the order: when the later task has its team, the three were handled.
  await world.team(await world.task());
  expect(await teamsOf(world, task.id)).toHaveLength(1);
  const team = await world.until(task.id, () => true);
  expect(team).toMatchObject({
    status: 'composed',
    strategy: 'minimal_viable',
    name: 'acme/shop#7: Add a CSV export in TypeScript',
    classification: { task_type: 'feature_development' },
    members: [{ role: 'executor', agent_id: 'ada', reasons: ['has typescript, postgres', 'lacks data'] }],
  });
  await until(() => world.happenings(team.id).length > 0);
  expect(world.happenings(team.id)).toEqual(['composed']);
});

test('two replicas that hear of it at the same moment compose one team', async () => {
  // Each has a broker of its own, so that nothing but the database is between them.
  await using first = await World.start();
  await using second = await World.start({}, first.databaseUrl);
  await crew(first);
  second.agents.push(...first.agents);
  const work = await Promise.all(Array.from({ length: 10 }, () => first.task()));
  const last = await first.task();
  for (const task of [...work, last]) second.tasks.set(task.id, task);
  await Promise.all(
    work.flatMap((task) => [first, second].map((world) => world.sayTask(tasks.taskOpened, task))),
  );
  await Promise.all([first.team(last), second.team(last)]);
  for (const task of work) expect(await teamsOf(first, task.id)).toHaveLength(1);
});

test('the decision explains the team and, made again, is the same byte for byte', async () => {
  await using world = await World.start({ env: { WHOOSH_COMPOSER_ENABLE_ALTERNATIVE_OPTIONS: 'true' } });
  await crew(world);
  const risky = 'Security: a password leaks in production. TypeScript and Postgres.';
  const team = await world.team(
    await world.task({ title: 'Fix the payment crash', body: risky, labels: ['bug'] }),
  );
  expect(team.members.map(({ role }) => role)).toEqual(['executor', 'reviewer', 'coordinator']);
  const decision = await world.bus.call(teams.getDecision, { id: team.id });
  expect(decision.team.members.map((one) => one.agent_id)).toEqual(team.members.map((one) => one.agent_id));
  expect(decision.input.agents.map((one) => one.agent_id).toSorted()).toEqual(['ada', 'bob', 'cyd']);
  expect(decision.candidates).toHaveLength(9);
  expect(decision.alternatives).not.toBeNull();
  expect(canonicalJson(remake(decision))).toBe(canonicalJson(decision));
});

test('the same task and agents give the same team and decision on two systems', async () => {
  const made = [];
  for (let at = 0; at < 2; at += 1) {
    await using world = await World.start();
    await crew(world);
    const team = await world.team(await world.task());
    const decision = await world.bus.call(teams.getDecision, { id: team.id });
    made.push(canonicalJson({ ...decision, team_id: '', task_id: '', decided_at: '' }));
  }
  expect(made[1]).toBe(made[0]);
});

test('load is spread: who holds a seat is not asked first for the next', async () => {
  await using world = await World.start();
  await world.agent('one', ['typescript', 'postgres', 'data']);
  await world.agent('two', ['typescript', 'postgres', 'data']);
  const first = await world.team(await world.task());
  const second = await world.team(await world.task());
  expect([first, second].map(({ members }) => members[0]?.agent_id)).toEqual(['one', 'two']);
});

describe('a team that nobody suits', () => {
  test('waits, says for what, and is completed by the agent that comes', async () => {
    await using world = await World.start({ instances: 2 });
    await world.agent('dan', ['cooking']);
    const waiting = await world.team(await world.task());
    expect(waiting).toMatchObject({
      status: 'waiting',
      members: [{ role: 'executor', agent_id: null }],
      missing: [{ role: 'executor', skills: ['data', 'typescript', 'postgres'] }],
    });
    const ada = await world.agent('ada', ['typescript', 'postgres']);
    await world.say(agents.agentRegistered, ada.agent_id, ada);
    const composed = await world.until(waiting.task_id, ({ status }) => status === 'composed');
    expect(composed).toMatchObject({ id: waiting.id, missing: [], reason: null });
    expect(composed.members[0]).toMatchObject({ agent_id: 'ada' });
    await until(() => world.happenings(waiting.id).length > 1);
    expect(world.happenings(waiting.id)).toEqual(['waiting', 'composed']);
    const decision = await world.bus.call(teams.getDecision, { id: waiting.id });
    expect(decision.team.members[0]?.agent_id).toBe('ada');
  });

  test('is found by the tick too, when nobody told of the agent', async () => {
    await using world = await World.start({ env: { WHOOSH_COMPOSER_RETRY_INTERVAL: '100ms' } });
    const waiting = await world.team(await world.task());
    expect(waiting.status).toBe('waiting');
    await world.agent('ada', ['typescript', 'postgres']);
    expect(await world.until(waiting.task_id, ({ status }) => status === 'composed')).toMatchObject({
      id: waiting.id,
    });
  });
});

test('a task that comes while the orchestrator is away is not lost, and counts no attempt', async () => {
  await using world = await World.start({ hasOrchestrator: false });
  await world.agent('ada', ['typescript', 'postgres']);
  const task = await world.task();
  await world.sayTask(tasks.taskOpened, task);
  await expect(world.bus.call(teams.analyzeTask, { title: 'x', body: '', labels: [] })).rejects.toMatchObject(
    {
      code: 'unavailable',
    },
  );
  await world.answerForOrchestrator();
  expect((await world.until(task.id, () => true)).status).toBe('composed');
  const attempts = await world.db
    .selectFrom('composer_processed')
    .selectAll()
    .where('kind', '=', 'attempts')
    .execute();
  expect(attempts).toEqual([]);
});

describe('by hand', () => {
  test('a team is composed once, with the strategy that is asked for', async () => {
    await using world = await World.start();
    await crew(world);
    const task = await world.task({ kind: 'other' });
    const request = { task_id: task.id, strategy: 'balanced_standard' } as const;
    const options = { principal: ADMIN, idempotencyKey: 'k1' };
    const team = await world.bus.call(teams.createTeam, request, options);
    expect(team).toMatchObject({ status: 'composed', strategy: 'balanced_standard' });
    expect(team.members).toHaveLength(3);
    expect(await world.bus.call(teams.createTeam, request, options)).toEqual(team);
    await expect(world.bus.call(teams.createTeam, request, { principal: ADMIN })).rejects.toMatchObject({
      code: 'conflict',
      details: { team_id: team.id },
    });
  });

  test('no team is composed for a brief, a closed issue, or a task that is not there', async () => {
    await using world = await World.start();
    const brief = await world.task({ kind: 'brief' });
    const closed = await world.task({ issue_state: 'closed' });
    const create = (taskId: string) => world.bus.call(teams.createTeam, { task_id: taskId });
    await expect(create(brief.id)).rejects.toMatchObject({ code: 'failed_precondition' });
    await expect(create(closed.id)).rejects.toMatchObject({ code: 'failed_precondition' });
    await expect(create(crypto.randomUUID())).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a text is analysed without making anything', async () => {
    await using world = await World.start();
    await crew(world);
    const reply = await world.bus.call(teams.analyzeTask, {
      title: 'Slow Postgres queries',
      body: '',
      labels: ['performance'],
    });
    expect(reply.analysis.classification.task_type).toBe('optimization');
    expect(reply.candidates.find(({ chosen }) => chosen)?.agent_id).toBe('ada');
    expect(await world.db.selectFrom('teams').selectAll().execute()).toEqual([]);
  });
});
