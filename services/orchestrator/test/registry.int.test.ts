import { type Bus } from '@whoosh/bus';
import { agents, backbeat, type Principal } from '@whoosh/contracts';
import { newId } from '@whoosh/lifecycle';
import { until } from '@whoosh/testkit';
import { encodeWire } from 'hlc-ts';
import { jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MovableClock, startComposition } from './composition.ts';
import { CLUSTER, JWT_SECRET, startWorld, type World } from './world.ts';

const SERVICE: Principal = { kind: 'service', id: 'service:test', role: 'service' };
const clock = new MovableClock();
let world: World;
let caller: Bus;
let orchestrator: AsyncDisposable;

beforeAll(async () => {
  world = await startWorld();
  orchestrator = await startComposition(world, { clock });
  caller = await world.newBus('gateway');
});
afterAll(async () => {
  await orchestrator[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const register = (agentId: string, over: object = {}, principal = SERVICE) =>
  caller.call(
    agents.registerAgent,
    { agent_id: agentId, capabilities: ['typescript'], ...over },
    { principal },
  );
const get = (agentId: string) => caller.call(agents.getAgent, { agent_id: agentId });

function claim(agentId: string, over: Record<string, unknown> = {}, subjectOf = agentId): void {
  const body = {
    type: 'backbeat.statusclaim.v1',
    agent_id: agentId,
    beat_index: 1,
    state: 'idle',
    hlc: encodeWire({ wallMs: Date.now(), logical: 0, node: 1 }),
    ...over,
  };
  world.bus.publish(backbeat.claims.subject.at({ cluster: CLUSTER, agent: subjectOf }), body);
}

async function said(agentId: string): Promise<string[]> {
  const { id } = await get(agentId);
  const rows = await world.db
    .selectFrom('orchestrator_outbox')
    .select('subject')
    .where('life_id', '=', id)
    .orderBy('seq')
    .execute();
  return rows.map(({ subject }) => subject.split('.')[4] ?? '');
}

describe('registering', () => {
  test('gives a token for one hour that says who the agent is', async () => {
    const { agent, token, expires_at } = await register('reg-1', { model: 'llama3' });
    expect(agent).toMatchObject({ source: 'registered', status: 'online', activity: 'idle', epoch: 1 });
    const { payload } = await jwtVerify(token, new TextEncoder().encode(JWT_SECRET), {
      currentDate: new Date(clock.now()),
    });
    expect(payload).toMatchObject({ user_id: 'reg-1', role: 'agent' });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3_600);
    expect(Date.parse(expires_at)).toBe((payload.exp ?? 0) * 1_000);
  });

  test('again is the same agent, and tells nobody when nothing changed', async () => {
    const first = await register('reg-2');
    const second = await register('reg-2');
    expect(second.agent.id).toBe(first.agent.id);
    expect(second.agent.revision).toBe(first.agent.revision);
    const third = await register('reg-2', { capabilities: ['rust'] });
    expect(third.agent).toMatchObject({ id: first.agent.id, capabilities: ['rust'], revision: 2 });
    expect(await said('reg-2')).toEqual(['registered', 'registered']);
  });

  test('by many at once makes one agent', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => register('reg-3')));
    expect(new Set(all.map(({ agent }) => agent.id)).size).toBe(1);
  });

  test.each([
    ['nobody', undefined, 'unauthenticated'],
    [
      'a join token nobody gave out',
      { kind: 'join', id: 'join', role: 'none', token_sha256: 'a'.repeat(64) },
      'unauthenticated',
    ],
    ['another agent', { kind: 'agent', id: 'other', role: 'agent' }, 'permission_denied'],
    ['a user', { kind: 'user', id: 'u', role: 'admin' }, 'permission_denied'],
  ] satisfies [string, Principal | undefined, string][])(
    'is refused to %s',
    async (_who, principal, code) => {
      const request = { agent_id: 'reg-4', capabilities: [] };
      const call = caller.call(agents.registerAgent, request, principal === undefined ? {} : { principal });
      await expect(call).rejects.toMatchObject({ code });
    },
  );

  test('lists what is known, page by page, and counts it exactly', async () => {
    for (const name of ['page-1', 'page-2', 'page-3']) await register(name, { role: 'pager' });
    const first = await caller.call(agents.listAgents, { limit: 2, role: 'pager' });
    const second = await caller.call(agents.listAgents, {
      limit: 2,
      role: 'pager',
      cursor: first.next_cursor ?? '',
    });
    expect([...first.items, ...second.items].map(({ agent_id }) => agent_id)).toEqual([
      'page-3',
      'page-2',
      'page-1',
    ]);
    expect(second.next_cursor).toBeNull();
    const { count } = await world.db
      .selectFrom('agents')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .executeTakeFirstOrThrow();
    expect(first.discovered_count).toBe(Number(count));
    await expect(caller.call(agents.listAgents, { limit: 2, cursor: 'x' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});

describe('what is heard', () => {
  test('a claim with a task is work, and the end of the task idle again; both are told', async () => {
    await register('ear-1');
    claim('ear-1', { state: 'executing', task_id: 't', progress: 0.5, beats_left: 3 });
    await until(async () => (await get('ear-1')).activity === 'working');
    expect((await get('ear-1')).last_claim).toMatchObject({
      state: 'executing',
      task_id: 't',
      progress: 0.5,
      beats_left: 3,
    });
    claim('ear-1', { state: 'completed', task_id: 't' });
    await until(async () => (await get('ear-1')).activity === 'idle');
    expect(await said('ear-1')).toEqual(['registered', 'online', 'online']);
  });

  test('a claim that breaks the contract or comes from another one changes nothing', async () => {
    await register('ear-2');
    await register('ear-3');
    claim('ear-2', { state: 'dancing', task_id: 't' });
    claim('ear-2', { state: 'executing', task_id: 't', progress: 7 });
    claim('ear-2', { state: 'executing', task_id: 't' }, 'ear-3');
    world.bus.publish(
      backbeat.claims.subject.at({ cluster: CLUSTER, agent: 'ear-2' }),
      new TextEncoder().encode('{'),
    );
    // Said last, heard last: when it has arrived, the others have too.
    claim('ear-3', { state: 'planning', task_id: 'own' });
    await until(async () => (await get('ear-3')).activity === 'working');
    expect(await get('ear-2')).toMatchObject({ activity: 'idle', last_claim: null });
    expect((await get('ear-3')).last_claim?.task_id).toBe('own');
  });

  test('an agent that claims before it registers is known from its registration on', async () => {
    claim('ear-4', { state: 'executing', task_id: 't' });
    await register('ear-4');
    claim('ear-4', { state: 'executing', task_id: 't' });
    await until(async () => (await get('ear-4')).activity === 'working');
  });

  test('an agent that another process took in is heard as well', async () => {
    await register('ear-5');
    const row = await world.db
      .selectFrom('agents')
      .selectAll()
      .where('agent_id', '=', 'ear-5')
      .executeTakeFirstOrThrow();
    await world.db
      .insertInto('agents')
      .values({ ...row, id: newId(), agent_id: 'ear-6', last_claim: null })
      .execute();
    claim('ear-6', { state: 'planning', task_id: 't' });
    await until(async () => (await get('ear-6')).activity === 'working');
  });

  test('silence makes it stale, then offline; the next claim begins a new epoch', async () => {
    await register('ear-7');
    clock.advance(16_000);
    await until(async () => (await get('ear-7')).status === 'stale');
    clock.advance(30_000);
    await until(async () => (await get('ear-7')).status === 'offline');
    claim('ear-7');
    await until(async () => (await get('ear-7')).status === 'online');
    expect((await get('ear-7')).epoch).toBe(2);
    expect(await said('ear-7')).toEqual(['registered', 'stale', 'offline', 'online']);
  });

  test('who goes on claiming stays online however long it takes', async () => {
    await register('ear-8');
    for (let step = 0; step < 6; step += 1) {
      claim('ear-8', { beat_index: step });
      const heardAt = clock.now();
      await until(async () => Date.parse((await get('ear-8')).last_seen ?? '') >= heardAt - 1_000);
      clock.advance(10_000);
    }
    await register('ear-9');
    clock.advance(4_000);
    claim('ear-8');
    clock.advance(12_000);
    await until(async () => (await get('ear-9')).status === 'stale');
    expect(await said('ear-8')).toEqual(['registered']);
  });
});

describe('speaking for an agent over REST', () => {
  const set = (agentId: string, status: 'online' | 'offline', principal: Principal) =>
    caller.call(agents.setAgentStatus, { agent_id: agentId, status }, { principal });

  test('a farewell is offline at once, a heartbeat brings it back', async () => {
    await register('rest-1');
    const itself: Principal = { kind: 'agent', id: 'rest-1', role: 'agent' };
    expect((await set('rest-1', 'offline', itself)).status).toBe('offline');
    expect(await set('rest-1', 'online', itself)).toMatchObject({ status: 'online', epoch: 2 });
  });
  test('is refused to another agent, and to anybody for an agent that is not there', async () => {
    await expect(set('rest-1', 'offline', { kind: 'agent', id: 'x', role: 'agent' })).rejects.toMatchObject({
      code: 'permission_denied',
    });
    await expect(set('rest-none', 'offline', SERVICE)).rejects.toMatchObject({ code: 'not_found' });
  });
});

test('what an agent of a deployment did while nobody listened is known afterwards', async () => {
  await register('away-1');
  await register('away-2');
  await orchestrator[Symbol.asyncDispose]();
  const beganAt = new Date();
  await world.db
    .updateTable('agents')
    .set({ source: 'deployed', last_seen: beganAt, updated_at: beganAt })
    .where('agent_id', '=', 'away-1')
    .execute();
  for (const agentId of ['away-1', 'away-2']) {
    claim(agentId, { state: 'executing', task_id: 't' });
    claim(agentId, { state: 'completed', task_id: 't' });
    claim(agentId, { state: 'idle' });
  }
  await world.bus.flush();
  // On the clock of the broker, which stamped the claims.
  orchestrator = await startComposition(world);
  await until(async () => (await said('away-1')).length === 3, { describe: 'work, and its end' });
  expect(await said('away-1')).toEqual(['registered', 'online', 'online']);
  expect(await get('away-1')).toMatchObject({ activity: 'idle', last_claim: { state: 'completed' } });
  // One that registered by itself has no team that waits for it.
  expect(await said('away-2')).toEqual(['registered']);
});

test('every change is in the history, without a gap, and its event is published', async () => {
  const { id, revision } = await get('ear-7');
  const history = await world.db
    .selectFrom('orchestrator_history')
    .select(['revision', 'from_state', 'to_state'])
    .where('life_id', '=', id)
    .orderBy('revision')
    .execute();
  expect(history.map((row) => row.revision)).toEqual(Array.from({ length: revision }, (_, at) => at + 1));
  for (const [at, row] of history.slice(1).entries()) expect(row.from_state).toBe(history[at]?.to_state);
  await until(async () => {
    const { state } = await world.bus.jsm.streams.info('WHOOSH_EVENTS', {
      subjects_filter: `*.*.*.*.*.${id}`,
    });
    return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0) === revision;
  });
});
