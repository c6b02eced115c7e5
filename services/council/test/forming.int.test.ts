import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { agents, type CallError, councils, deployments, tasks } from '@whoosh/contracts';
import { freePort, until } from '@whoosh/testkit';
import { describe, expect, test } from 'vitest';
import { agentOf, agentPrincipal, CORE, deploymentOf, World } from './running-council.ts';

/** An agent's own door. */
async function listen(hear: (request: IncomingMessage) => Promise<void>) {
  const server = createServer((request, response) => {
    void hear(request).then(() => response.writeHead(202).end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

const councilsOf = async (world: World, taskId: string) =>
  await world.db.selectFrom('councils').selectAll().where('task_id', '=', taskId).execute();

test('a Design Brief that is told of three times forms one council', async () => {
  await using world = await World.start({ instances: 2 });
  const task = await world.brief({ body: 'A web app with payments.' });
  await Promise.all([1, 2, 3].map(() => world.sayTask(tasks.taskOpened, task)));
  // The consumer keeps the order: when the later task has its council, the three were handled.
  await world.formed(await world.brief());
  const rows = await councilsOf(world, task.id);
  expect(rows).toHaveLength(1);
  const { items } = await world.bus.call(councils.listCouncils, { limit: 10, task_id: task.id });
  expect(items[0]).toMatchObject({ status: 'forming', attempt: 1, project_name: 'acme/shop' });
  expect(items[0]?.core_agents.map(({ role }) => role)).toEqual(CORE);
  expect(items[0]?.optional_agents.map(({ role, why }) => [role, why])).toEqual([
    ['sec-lead', 'the brief speaks of "payments"'],
    ['ux-lead', 'the brief speaks of "web app"'],
  ]);
  const formed = () => world.happenings(rows[0]?.id ?? '').filter((one) => one === 'forming');
  await until(() => formed().length > 0);
  expect(formed()).toEqual(['forming']);
});

test('two replicas that hear of it at the same moment form one council', async () => {
  // Each has a broker of its own, so that nothing but the database is between them.
  await using first = await World.start();
  await using second = await World.start({}, first.databaseUrl);
  const briefs = await Promise.all(Array.from({ length: 10 }, () => first.brief()));
  const last = await first.brief();
  for (const task of [...briefs, last]) second.tasks.set(task.id, task);
  await Promise.all(
    briefs.flatMap((task) => [first, second].map((world) => world.sayTask(tasks.taskOpened, task))),
  );
  await Promise.all([first.formed(last), second.formed(last)]);
  for (const task of briefs) expect(await councilsOf(first, task.id)).toHaveLength(1);
});

test('a reopened task gets a council of its own', async () => {
  await using world = await World.start();
  const task = await world.brief();
  const council = await world.formed(task);
  await world.sayTask(tasks.taskClosed, task, { issue_state: 'closed' });
  await world.until(task.id, ({ status }) => status === 'cancelled');
  world.tasks.set(task.id, { ...task, attempt: 2 });
  await world.sayTask(tasks.taskReopened, task, { attempt: 2 });
  const second = await world.until(task.id, ({ attempt }) => attempt === 2);
  expect(second).toMatchObject({ status: 'forming' });
  expect(second.id).not.toBe(council.id);
});

test('a task that becomes a Design Brief forms a council, one that is none any more loses it', async () => {
  await using world = await World.start();
  const task = await world.brief();
  await world.sayTask(tasks.taskOpened, task, { kind: 'work' });
  await world.sayTask(tasks.taskChanged, task);
  const council = await world.until(task.id, ({ status }) => status === 'forming');
  // As work it begins another attempt; what forms for the one before goes.
  world.tasks.set(task.id, { ...task, kind: 'work', attempt: 2 });
  await world.sayTask(tasks.taskOpened, task, { kind: 'work', attempt: 2 });
  const ended = await world.until(task.id, ({ status }) => status === 'cancelled');
  expect(ended).toMatchObject({ id: council.id, reason: 'the issue is no Design Brief any more' });
});

test('a label that came back before its absence was heard of costs no council', async () => {
  await using world = await World.start();
  const task = await world.brief();
  const council = await world.formed(task);
  await world.sayTask(tasks.taskChanged, task, { kind: 'other' });
  await world.sayTask(tasks.taskOpened, task);
  // The consumer keeps the order: when the later brief has its council, the others were handled.
  await world.formed(await world.brief());
  expect(await councilsOf(world, task.id)).toMatchObject([{ id: council.id, status: 'forming' }]);
});

test('a brief whose text cannot be read yet is tried again until it can', async () => {
  await using world = await World.start();
  const task = await world.brief();
  world.tasks.delete(task.id);
  await world.sayTask(tasks.taskOpened, task);
  const attempts = world.db.selectFrom('council_processed').select('attempts').where('kind', '=', 'attempts');
  await until(async () => (await attempts.execute()).length > 0, { describe: 'a failed attempt' });
  world.tasks.set(task.id, task);
  expect(await world.until(task.id, () => true)).toMatchObject({ status: 'forming' });
});

describe('a seat', () => {
  test('that many agents race for has one winner, and the losers are told who', async () => {
    await using world = await World.start({ instances: 2 });
    const council = await world.formed(await world.brief());
    await world.offered(council.id);
    const racers = Array.from({ length: 8 }, (_, at) => `racer-${at}`);
    for (const racer of racers) await world.agent(racer);
    for (const role of CORE) {
      const results = await Promise.allSettled(racers.map((racer) => world.claim(council.id, role, racer)));
      const view = await world.bus.call(councils.getCouncil, { id: council.id });
      const holder = view.core_agents.find((seat) => seat.role === role)?.agent_id;
      const won = results.flatMap((one, at) => (one.status === 'fulfilled' ? [racers[at]] : []));
      expect(won).toEqual([holder]);
      const lost = results.flatMap((one) => (one.status === 'rejected' ? [one.reason as CallError] : []));
      // Whoever holds another seat already is told that instead when it comes before the winner.
      for (const { code, details } of lost) {
        expect({ code, details }).toMatchObject(
          code === 'taken'
            ? { details: { agent_id: holder } }
            : { code: 'not_qualified', details: { holds: expect.any(String) } },
        );
      }
      expect(lost.filter(({ code }) => code === 'taken').length).toBeGreaterThan(0);
    }
    const view = await world.bus.call(councils.getCouncil, { id: council.id });
    expect(view).toMatchObject({ status: 'active', round: { number: 1, phase: 'propose' } });
  });

  test('is reserved for the agent deployed for it', async () => {
    await using world = await World.start({ settings: { seatReservationMs: 60_000 } });
    const council = await world.formed(await world.brief());
    await world.agent('free');
    await world.agent('eng-lead-deployed');
    await expect(world.claim(council.id, 'eng-lead', 'free')).rejects.toMatchObject({ code: 'unavailable' });

    const deployment = deploymentOf(council, 'eng-lead');
    await world.say(deployments.deploymentWanted, deployment.id, deployment);
    await world.until(council.task_id, ({ core_agents: seats }) => seats[1]?.deployment_id === deployment.id);
    await expect(world.claim(council.id, 'eng-lead', 'free')).rejects.toMatchObject({
      code: 'not_qualified',
      details: { reserved_until: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
    const view = await world.claim(council.id, 'eng-lead', 'eng-lead-deployed', {
      deployment_id: deployment.id,
    });
    expect(view.core_agents[1]).toMatchObject({ status: 'claimed', agent_id: 'eng-lead-deployed' });
  });

  test('is not taken for another, by a user, without the skills, or before registration', async () => {
    await using world = await World.start();
    const council = await world.formed(await world.brief());
    await world.offered(council.id);
    const request = { council_id: council.id, role: 'eng-lead', agent_id: 'me', capabilities: ['eng-lead'] };
    const attempt = async (principal: ReturnType<typeof agentPrincipal>, capabilities = ['eng-lead']) =>
      await world.bus.call(councils.claimRole, { ...request, capabilities }, { principal }).then(
        () => 'ok',
        (cause: CallError) => cause.code,
      );
    expect(await attempt(agentPrincipal('somebody'))).toBe('permission_denied');
    expect(await attempt({ kind: 'user', id: 'me', role: 'admin' })).toBe('permission_denied');
    expect(await attempt(agentPrincipal('me'), ['cooking'])).toBe('not_qualified');
    expect(await attempt(agentPrincipal('me'))).toBe('unavailable');
    await world.agent('me');
    expect(await attempt(agentPrincipal('me'))).toBe('ok');
    expect(await attempt(agentPrincipal('me'))).toBe('ok');
  });

  test('of a free agent that went offline is offered again', async () => {
    await using world = await World.start();
    const task = await world.brief();
    const council = await world.activate(await world.formed(task));
    await world.say(agents.agentOffline, 'eng-lead', agentOf('eng-lead', { status: 'offline' }));
    const open = await world.until(task.id, ({ core_agents: seats }) => seats[1]?.status === 'open');
    expect(open).toMatchObject({ id: council.id, status: 'active' });
    await world.agent('other');
    expect((await world.claim(council.id, 'eng-lead', 'other')).core_agents[1]?.agent_id).toBe('other');
  });

  test('that is free is offered to every agent, again in each bar', async () => {
    await using world = await World.start({ instances: 2, localTempoBpm: 600 });
    const council = await world.formed(await world.brief());
    const offers = () => world.opportunities.filter((one) => (one as { role: string }).role === 'qa-lead');
    await until(() => offers().length >= 2, { describe: 'the offer and its repeat' });
    expect(offers()[0]).toEqual(offers()[1]);
    expect(offers()[0]).toMatchObject({
      id: `${council.id}-qa-lead`,
      project: 'acme/shop',
      capabilities: ['testing', 'test-planning', 'quality-assurance'],
    });
  });
});

test('an agent with an address is offered the seats there, one without an answer holds nothing up', async () => {
  await using world = await World.start({ instances: 0, localTempoBpm: 600 });
  const heard: { path: string; body: { id: string } }[] = [];
  await using server = await listen(async (request) => {
    heard.push({ path: request.url ?? '', body: (await json(request)) as { id: string } });
  });
  world.bus.serve(agents.listAgents, async () => {
    const items = [
      agentOf('there', { endpoint: server.url }),
      agentOf('gone', { endpoint: `http://127.0.0.1:${await freePort()}` }),
      agentOf('bus-only'),
    ];
    return { items, next_cursor: null, discovered_count: items.length };
  });
  await world.bus.flush();
  world.resources.use(await world.startService());
  const council = await world.formed(await world.brief());
  const isHeard = (role: string) => heard.some(({ body }) => body.id === `${council.id}-${role}`);
  await until(() => CORE.every(isHeard), { describe: 'an offer of each seat' });
  expect(new Set(heard.map(({ path }) => path))).toEqual(new Set(['/api/v1/opportunities/council']));
  const failed = async () => (await world.registries[0]?.metrics())?.match(/way="http_failed".* ([1-9]\d*)/);
  await until(failed, { describe: 'the unheard offer to be counted' });
});

describe('the deadline', () => {
  const settings = { seatDeadlineMs: 300 };

  test('fails a council with an empty core seat and says which', async () => {
    await using world = await World.start({ instances: 2, settings });
    const council = await world.formed(await world.brief());
    const failed = await world.until(council.task_id, ({ status }) => status === 'failed');
    expect(failed.reason).toBe('nobody took product-manager, eng-lead, qa-lead before the deadline');
    await until(() => world.happenings(council.id).includes('failed'));
    expect(world.happenings(council.id)).toEqual(['forming', 'role_offered', 'failed']);
  });

  test('that passed while nobody ran is found afterwards', async () => {
    await using world = await World.start({ instances: 0 });
    const task = await world.brief();
    const first = await world.startService({ ...settings, deadlineCheckMs: 60_000 });
    const council = await world.formed(task);
    await first[Symbol.asyncDispose]();
    await until(() => Date.now() > Date.parse(council.seat_deadline_at));
    world.resources.use(await world.startService(settings));
    expect(await world.until(task.id, ({ status }) => status === 'failed')).toMatchObject({ id: council.id });
  });

  test('marks an optional seat as absent and lets the council go on', async () => {
    await using world = await World.start({ settings: { seatDeadlineMs: 3_000 } });
    const task = await world.brief({ labels: ['chorus-entrypoint', 'council:ux-lead'] });
    await world.activate(await world.formed(task));
    const council = await world.until(task.id, ({ optional_agents: seats }) => seats[0]?.status === 'absent');
    expect(council.core_agents.map(({ status }) => status)).toEqual(['claimed', 'claimed', 'claimed']);
  });
});
