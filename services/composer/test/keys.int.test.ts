import { type CallContract, CALLS, teams } from '@whoosh/contracts';
import { expect, test } from 'vitest';
import { ADMIN, World } from './running-composer.ts';

async function check(world: World, contract: unknown, request: object, otherwise: object): Promise<unknown> {
  const asked = contract as CallContract;
  const options = { principal: ADMIN, idempotencyKey: `key of ${asked.name}` };
  const first = await world.bus.call(asked, request, options);
  const effects = await historyRows(world);
  expect(await world.bus.call(asked, request, options)).toEqual(first);
  expect(await historyRows(world)).toBe(effects);
  await expect(world.bus.call(asked, { ...request, ...otherwise }, options)).rejects.toMatchObject({
    code: 'failed_precondition',
    details: { code: 'idempotency_mismatch' },
  });
  return first;
}

async function historyRows(world: World): Promise<number> {
  return (await world.db.selectFrom('composer_history').select('revision').execute()).length;
}

test('every call that says it keeps keys has one effect and one reply for a key', async () => {
  await using world = await World.start();
  await world.agent('ada', ['typescript', 'postgres', 'testing', 'security']);
  const task = await world.task({ kind: 'other' });
  const strategy = { strategy: 'balanced_standard' };
  const team = (await check(world, teams.createTeam, { task_id: task.id }, strategy)) as teams.TeamView;
  const end = { id: team.id, status: 'cancelled', reason: 'not now' };
  await check(world, teams.setTeamStatus, end, { reason: 'never' });
  const declared = CALLS.filter(({ service, keepsKey }) => service === 'composer' && keepsKey);
  expect(declared.map(({ name }) => name).toSorted()).toEqual(
    [teams.createTeam, teams.setTeamStatus].map(({ name }) => name).toSorted(),
  );
});
