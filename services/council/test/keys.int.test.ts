import { type CallContract, CALLS, councils, type Principal } from '@whoosh/contracts';
import { expect, test } from 'vitest';
import { ADMIN, agentPrincipal, Bench } from './bench.ts';

interface Asked {
  readonly contract: CallContract;
  readonly request: Record<string, unknown>;
  readonly principal: Principal;
  /** Another request under the same key. */
  readonly otherwise: Record<string, unknown>;
}

const asked = (one: Omit<Asked, 'contract'> & { contract: unknown }) => one as Asked;

/** One request for every call that says it keeps keys, as far as a council in its vote can take them. */
async function requests(bench: Bench): Promise<Asked[]> {
  const voting = await bench.brief();
  const council = await bench.activate(await bench.formed(voting));
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
  await check(bench, add);
  await bench.add(council.id, 'kickoff_manifest', 'product-manager', 'k');
  await bench.add(council.id, 'seminal_decision_record', 'eng-lead', 's');
  await bench.add(council.id, 'scaffold_plan', 'eng-lead', 'p');
  let view = council;
  while (view.round?.phase !== 'vote') view = await bench.nextPhase(voting.id);
  const newest = view.artifacts.find(({ kind }) => kind === 'gate_tests');
  const vote = asked({
    contract: councils.castVote,
    request: { council_id: council.id, artifact_id: newest?.id, vote: 'yes' },
    principal,
    otherwise: { vote: 'no' },
  });
  await check(bench, vote);

  const forming = await bench.formed(await bench.brief());
  await bench.offered(forming.id);
  const claim = asked({
    contract: councils.claimRole,
    request: { council_id: forming.id, role: 'qa-lead', agent_id: 'qa-lead', capabilities: ['qa-lead'] },
    principal,
    otherwise: { role: 'eng-lead' },
  });
  await check(bench, claim);
  const cancel = asked({
    contract: councils.cancelCouncil,
    request: { id: forming.id, reason: 'not now' },
    principal: ADMIN,
    otherwise: { reason: 'never' },
  });
  await check(bench, cancel);
  return [add, vote, claim, cancel];
}

async function check(bench: Bench, { contract, request, principal, otherwise }: Asked): Promise<void> {
  const options = { principal, idempotencyKey: `key of ${contract.name}` };
  const first = await bench.bus.call(contract, request, options);
  const effects = await historyRows(bench);
  expect(await bench.bus.call(contract, request, options)).toEqual(first);
  expect(await historyRows(bench)).toBe(effects);
  await expect(bench.bus.call(contract, { ...request, ...otherwise }, options)).rejects.toMatchObject({
    code: 'failed_precondition',
    details: { code: 'idempotency_mismatch' },
  });
}

async function historyRows(bench: Bench): Promise<number> {
  return (await bench.db.selectFrom('council_history').select('revision').execute()).length;
}

test('every call that says it keeps keys has one effect and one reply for a key', async () => {
  await using bench = await Bench.start({ pulse: true });
  const checked = await requests(bench);
  const declared = CALLS.filter(({ service, keepsKey }) => service === 'council' && keepsKey);
  expect(checked.map(({ contract }) => contract.name).toSorted()).toEqual(
    declared.map(({ name }) => name).toSorted(),
  );
});
