import { type CallContract, CALLS, teams } from '@whoosh/contracts';
import { expect, test } from 'vitest';
import { ADMIN, Bench } from './bench.ts';

async function check(bench: Bench, contract: unknown, request: object, otherwise: object): Promise<unknown> {
  const asked = contract as CallContract;
  const options = { principal: ADMIN, idempotencyKey: `key of ${asked.name}` };
  const first = await bench.bus.call(asked, request, options);
  const effects = await historyRows(bench);
  expect(await bench.bus.call(asked, request, options)).toEqual(first);
  expect(await historyRows(bench)).toBe(effects);
  await expect(bench.bus.call(asked, { ...request, ...otherwise }, options)).rejects.toMatchObject({
    code: 'failed_precondition',
    details: { code: 'idempotency_mismatch' },
  });
  return first;
}

async function historyRows(bench: Bench): Promise<number> {
  return (await bench.db.selectFrom('composer_history').select('revision').execute()).length;
}

test('every call that says it keeps keys has one effect and one reply for a key', async () => {
  await using bench = await Bench.start();
  await bench.agent('ada', ['typescript', 'postgres', 'testing', 'security']);
  const task = await bench.task({ kind: 'other' });
  const strategy = { strategy: 'balanced_standard' };
  const team = (await check(bench, teams.createTeam, { task_id: task.id }, strategy)) as teams.TeamView;
  const end = { id: team.id, status: 'cancelled', reason: 'not now' };
  await check(bench, teams.setTeamStatus, end, { reason: 'never' });
  const declared = CALLS.filter(({ service, keepsKey }) => service === 'composer' && keepsKey);
  expect(declared.map(({ name }) => name).toSorted()).toEqual(
    [teams.createTeam, teams.setTeamStatus].map(({ name }) => name).toSorted(),
  );
});
