import { type CallContract, CALLS, councils, type Principal } from '@whoosh/contracts';
import { expect, test } from 'vitest';
import { ADMIN, agentPrincipal, World } from './running-council.ts';

interface Asked {
  readonly contract: CallContract;
  readonly request: Record<string, unknown>;
  readonly principal: Principal;
  /** Another request under the same key. */
  readonly otherwise: Record<string, unknown>;
}

const asked = (one: Omit<Asked, 'contract'> & { contract: unknown }) => one as Asked;

/** One request for every call that says it keeps keys, as far as a council in its vote can take them. */
async function requests(world: World): Promise<Asked[]> {
  const voting = await world.brief();
  const council = await world.activate(await world.formed(voting));
  const principal = agentPrincipal('qa-lead');
  const artifact = {
    council_id: council.id,
    kind: 'gate_tests',
    media_type: 'text/plain',
    content: 'one',
  } as const;
  const add = asked({
    contract: councils.addArtifact,
    request: artifact,
    principal,
    otherwise: { content: 'two' },
  });
  await check(world, add);
  await world.add(council.id, 'kickoff_manifest', 'product-manager', 'k');
  await world.add(council.id, 'seminal_decision_record', 'eng-lead', 's');
  await world.add(council.id, 'scaffold_plan', 'eng-lead', 'p');
  let view = council;
  while (view.round?.phase !== 'vote') view = await world.nextPhase(voting.id);
  const newest = view.artifacts.find(({ kind }) => kind === 'gate_tests');
  const vote = asked({
    contract: councils.castVote,
    request: { council_id: council.id, artifact_id: newest?.id, vote: 'yes' },
    principal,
    otherwise: { vote: 'no' },
  });
  await check(world, vote);

  const forming = await world.formed(await world.brief());
  await world.offered(forming.id);
  const claim = asked({
    contract: councils.claimRole,
    request: { council_id: forming.id, role: 'qa-lead', agent_id: 'qa-lead', capabilities: ['qa-lead'] },
    principal,
    otherwise: { role: 'eng-lead' },
  });
  await check(world, claim);
  const cancel = asked({
    contract: councils.cancelCouncil,
    request: { id: forming.id, reason: 'not now' },
    principal: ADMIN,
    otherwise: { reason: 'never' },
  });
  await check(world, cancel);
  return [add, vote, claim, cancel];
}

async function check(world: World, { contract, request, principal, otherwise }: Asked): Promise<void> {
  const options = { principal, idempotencyKey: `key of ${contract.name}` };
  const first = await world.bus.call(contract, request, options);
  const effects = await historyRows(world);
  expect(await world.bus.call(contract, request, options)).toEqual(first);
  expect(await historyRows(world)).toBe(effects);
  await expect(world.bus.call(contract, { ...request, ...otherwise }, options)).rejects.toMatchObject({
    code: 'failed_precondition',
    details: { code: 'idempotency_mismatch' },
  });
}

async function historyRows(world: World): Promise<number> {
  return (await world.db.selectFrom('council_history').select('revision').execute()).length;
}

test('every call that says it keeps keys has one effect and one reply for a key', async () => {
  await using world = await World.start({ pulse: true });
  const checked = await requests(world);
  const declared = CALLS.filter(({ service, keepsKey }) => service === 'council' && keepsKey);
  expect(checked.map(({ contract }) => contract.name).toSorted()).toEqual(
    declared.map(({ name }) => name).toSorted(),
  );
});
