import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Council, CORE_ROLES, isEnded, newestArtifacts } from './council.ts';
import { type CouncilInput } from './input.ts';
import { after, replay, step } from './step.ts';
import {
  ALL_ARTIFACTS,
  artifactInput,
  claimInput,
  downbeat,
  formInput,
  HOLDER,
  RESERVED_UNTIL,
  T0,
  voteInput,
} from './test-council.ts';

const ROLES = [...CORE_ROLES, 'ux-lead'];
const agent = fc.constantFrom('pm', 'eng', 'qa', 'ux', 'other');
const kinds = ['kickoff_manifest', 'seminal_decision_record', 'scaffold_plan', 'gate_tests'] as const;
const content = fc.constantFrom('one', 'two', 'three');

const input: fc.Arbitrary<CouncilInput> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.constantFrom(...ROLES), agent).map(([role, agentId]) => claimInput(role, agentId)),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom(...kinds), agent, content)
      .map(([kind, agentId, text]) => artifactInput(kind, agentId, text)),
  },
  {
    weight: 10,
    arbitrary: fc
      .tuple(fc.constantFrom(...kinds), content, agent, fc.constantFrom('yes' as const, 'no' as const))
      .map(([kind, text, agentId, vote]) => voteInput(`${kind}-${text}`, agentId, vote)),
  },
  { weight: 8, arbitrary: fc.nat(40).map((bar) => downbeat(bar * 4)) },
  {
    weight: 1,
    arbitrary: fc
      .nat(130_000)
      .map((ms) => ({ kind: 'clock', at: T0 + ms, by: 'council', beat: null }) as const),
  },
  {
    weight: 1,
    arbitrary: agent.map(
      (agentId) => ({ kind: 'agent_lost', at: T0, by: 'x', agentId, deploymentId: null }) as const,
    ),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'cancel', at: T0, by: 'x', reason: 'no' } as const) },
);

const beginning: readonly CouncilInput[] = [
  formInput(['ux-lead']),
  { kind: 'clock', at: RESERVED_UNTIL, by: 'council', beat: null },
];
/** All seats taken and all artifacts there, so that lives also come to their votes. */
const atVote: readonly CouncilInput[] = [
  ...beginning,
  ...CORE_ROLES.map((role) => claimInput(role, HOLDER[role])),
  ...ALL_ARTIFACTS,
  ...[12, 16, 20].map(downbeat),
];
const yes = fc.shuffledSubarray(
  kinds.flatMap((kind) => ['pm', 'eng', 'qa'].map((agentId) => voteInput(`${kind}-one`, agentId))),
  { minLength: 6 },
);
const life = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(beginning, atVote),
      yes.map((votes) => [...atVote, ...votes]),
    ),
    fc.array(input, { maxLength: 120 }),
  )
  .map(([prefix, inputs]) => [...prefix, ...inputs]);

/** Every council on the way, with the input that led to it. */
function course(
  inputs: readonly CouncilInput[],
): { before: Council | undefined; now: Council; input: CouncilInput }[] {
  const states = [];
  let before: Council | undefined;
  for (const one of inputs) {
    const now = after(before, step(before, one));
    if (now === undefined) throw new Error('a life begins with form');
    states.push({ before, now, input: one });
    before = now;
  }
  return states;
}

test('any interleaving of claims leaves one winner per seat, and every loser is told who', () => {
  const claims = fc.shuffledSubarray(
    ROLES.flatMap((role) => ['pm', 'eng', 'qa', 'ux', 'other'].map((agentId) => claimInput(role, agentId))),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(claims, (order) => {
      let council = replay(beginning);
      const winners = new Map<string, string>();
      for (const claim of order) {
        const outcome = step(council, claim);
        const winner = winners.get(claim.role);
        if (outcome.kind === 'done') {
          expect(winner).toBeUndefined();
          winners.set(claim.role, claim.agentId);
        } else if (winner !== undefined) {
          expect(outcome).toMatchObject({ code: 'taken', details: { agent_id: winner } });
        } else {
          expect(outcome).toMatchObject({ code: 'not_qualified', details: { holds: expect.any(String) } });
        }
        council = after(council, outcome);
      }
      for (const seat of council?.seats ?? []) expect(seat.agentId).toBe(winners.get(seat.role) ?? null);
    }),
  );
});

test('a life keeps its rules whatever happens', () => {
  fc.assert(
    fc.property(life, (inputs) => {
      for (const { before, now, input: said } of course(inputs)) {
        const holders = now.seats.flatMap(({ status, agentId }) => (status === 'claimed' ? [agentId] : []));
        expect(new Set(holders).size).toBe(holders.length);
        const keys = now.votes.map(({ artifactId, role }) => `${artifactId} ${role}`);
        expect(new Set(keys).size).toBe(keys.length);
        if (now.status === 'completed') {
          expect(newestArtifacts(now).map(({ ratified }) => ratified)).toEqual([true, true, true, true]);
        }
        if (before === undefined) continue;
        if (isEnded(before.status)) expect(now).toBe(before);
        for (const [at, artifact] of before.artifacts.entries()) {
          if (artifact.ratified) expect(now.artifacts[at]).toBe(artifact);
        }
        for (const seat of before.seats) {
          const later = now.seats[seat.position];
          if (seat.agentId !== null && said.kind !== 'agent_lost') expect(later?.agentId).toBe(seat.agentId);
        }
      }
    }),
  );
});

test('the inputs that changed something make the same council again', () => {
  fc.assert(
    fc.property(life, (inputs) => {
      const states = course(inputs);
      const stored = states.filter(({ before, now }) => before !== now).map(({ input: said }) => said);
      const throughJson = JSON.parse(JSON.stringify(stored)) as CouncilInput[];
      expect(replay(throughJson)).toEqual(states.at(-1)?.now);
    }),
  );
});

test('the generated lives reach every end', () => {
  const ends = new Set(fc.sample(life, { numRuns: 1_000, seed: 7 }).map((inputs) => replay(inputs)?.status));
  expect(ends).toEqual(new Set(['forming', 'active', 'completed', 'failed', 'cancelled']));
});

test('every change is one revision', () => {
  fc.assert(
    fc.property(life, (inputs) => {
      let council: Council | undefined;
      for (const one of inputs) {
        const outcome = step(council, one);
        if (outcome.kind === 'refused') continue;
        const from = council?.revision ?? 0;
        expect(outcome.changes.map(({ council: later }) => later.revision)).toEqual(
          outcome.changes.map((_, at) => from + at + 1),
        );
        council = after(council, outcome);
      }
    }),
  );
});
