import { type Bus } from '@whoosh/bus';
import { agents, councils, deployments, teams } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startComposition } from './composition.ts';
import { composedTeam, formingCouncil, startWorld, type World } from './world.ts';

let world: World;
let caller: Bus;
const orchestrators: AsyncDisposable[] = [];

beforeAll(async () => {
  world = await startWorld();
  orchestrators.push(await startComposition(world, { instance: 'one' }));
  orchestrators.push(await startComposition(world, { instance: 'two' }));
  caller = await world.newBus('gateway');
});
afterAll(async () => {
  for (const one of orchestrators) await one[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const of = async (ownerId: string) =>
  (await caller.call(deployments.listDeployments, { owner_id: ownerId, limit: 50 })).items;

/** Said to the same owner afterwards: when it has arrived, everything before it has. */
async function settled(council: councils.CouncilView, revision: number): Promise<void> {
  await until(async () => {
    const row = await world.db
      .selectFrom('deployment_owners')
      .select('revision')
      .where('owner_id', '=', council.id)
      .executeTakeFirst();
    return row?.revision === revision;
  });
}

test('a council that says three times that it forms gets one deployment per seat', async () => {
  const council = formingCouncil(world.task.id);
  await Promise.all(Array.from({ length: 3 }, () => world.say(councils.councilForming, council)));
  await world.say(councils.councilRoleOffered, { ...council, revision: 2 });
  await settled(council, 2);
  const made = await of(council.id);
  expect(made.map(({ role }) => role).toSorted()).toEqual(['eng-lead', 'product-manager', 'qa-lead']);
  expect(made.every(({ status, desired }) => status === 'wanted' && desired === 'present')).toBe(true);
  const said = await world.db
    .selectFrom('orchestrator_outbox')
    .select('subject')
    .where(
      'life_id',
      'in',
      made.map(({ id }) => id),
    )
    .execute();
  expect(said).toHaveLength(3);
  const { environment } = await world.db
    .selectFrom('deployments')
    .select('environment')
    .where('agent_id', '=', made[0]?.agent_id ?? '')
    .executeTakeFirstOrThrow();
  expect(environment).toMatchObject({
    CHORUS_COUNCIL_ID: council.id,
    CHORUS_TASK_TITLE: 'Design Brief: Rocket',
    CHORUS_PROJECT: 'acme/rocket',
  });
});

test('the end of a council makes its deployments unwanted, and an older word does not bring them back', async () => {
  const council = formingCouncil(world.task.id, ['qa-lead']);
  await world.say(councils.councilForming, council);
  await world.say(councils.councilCancelled, { ...council, revision: 3, status: 'cancelled' });
  await settled(council, 3);
  await world.say(councils.councilRoleOffered, { ...council, revision: 2 });
  await world.say(councils.councilCancelled, { ...council, revision: 4, status: 'cancelled' });
  await settled(council, 4);
  expect(await of(council.id)).toMatchObject([{ desired: 'absent', status: 'draining' }]);
});

test('a council whose end is heard before its beginning starts nothing', async () => {
  const council = formingCouncil(world.task.id);
  await world.say(councils.councilCancelled, { ...council, revision: 2, status: 'cancelled' });
  await world.say(councils.councilForming, council);
  await world.say(councils.councilCancelled, { ...council, revision: 3, status: 'cancelled' });
  await settled(council, 3);
  expect(await of(council.id)).toEqual([]);
});

test('a seat that somebody else took needs our agent no more', async () => {
  const council = formingCouncil(world.task.id, ['qa-lead', 'eng-lead']);
  await world.say(councils.councilForming, council);
  const [first, second] = council.core_agents;
  const taken = { ...first, status: 'claimed', agent_id: 'somebody' } as councils.CouncilSeat;
  await world.say(councils.councilRoleClaimed, {
    ...council,
    revision: 2,
    core_agents: [taken, second as councils.CouncilSeat],
  });
  await settled(council, 2);
  const byRole = Object.fromEntries((await of(council.id)).map(({ role, desired }) => [role, desired]));
  expect(byRole).toEqual({ 'qa-lead': 'absent', 'eng-lead': 'present' });
});

test('a team gets one deployment per member, with the profile of the agent that was matched', async () => {
  const principal = { kind: 'service', id: 's', role: 'service' } as const;
  const profile = { agent_id: 'profile-1', capabilities: ['typescript', 'nats'], model: 'llama3' };
  await caller.call(agents.registerAgent, profile, { principal });
  const team = composedTeam(world.task.id, 'profile-1');
  await world.say(teams.teamComposed, team);
  await until(async () => (await of(team.id)).length === 1);
  const [made] = await of(team.id);
  expect(made).toMatchObject({ owner_kind: 'team', role: 'executor', profile_agent_id: 'profile-1' });
  const { environment } = await world.db
    .selectFrom('deployments')
    .select('environment')
    .where('id', '=', made?.id ?? '')
    .executeTakeFirstOrThrow();
  expect(environment).toMatchObject({
    CHORUS_CAPABILITIES: 'typescript,nats',
    CHORUS_MODEL: 'llama3',
    CHORUS_TEAM_ID: team.id,
  });
  await world.say(teams.teamCompleted, { ...team, status: 'completed', revision: 2 });
  await until(async () => (await of(team.id))[0]?.desired === 'absent');
});
