import { type councils } from '@whoosh/contracts';
import { describe, expect, test } from 'vitest';
import { draft, type Workplace } from './artifacts.ts';
import { readBrief } from './brief.ts';
import { type CouncilAct, type CouncilPart, takeTurn } from './council-part.ts';

const brief = readBrief('Design Brief: Rocket', '## Goals\n- Reach orbit\n- Land again');
const place: Workplace = {
  project: 'p',
  taskId: 't',
  councilId: 'c',
  seats: [],
  revision: 1,
  revisionReason: null,
};
const CORE = ['product-manager', 'eng-lead', 'qa-lead'];

function council(over: Partial<councils.CouncilView> = {}): councils.CouncilView {
  return {
    id: 'c',
    project_name: 'p',
    status: 'active',
    reason: null,
    round: { number: 1, phase: 'propose', opened_at_beat: 0, phase_opened_at_beat: 0 },
    core_agents: CORE.map((role) => ({ role, agent_id: `${role}-1`, status: 'claimed' })),
    optional_agents: [],
    artifacts: [],
    ...over,
  } as unknown as councils.CouncilView;
}
function artifact(kind: councils.ArtifactView['kind'], over: Partial<councils.ArtifactView> = {}) {
  return {
    id: `${kind}-1`,
    kind,
    version: 1,
    media_type: 'text/plain',
    ratified: false,
    votes_yes: 0,
    votes_no: 0,
    ...over,
  } as unknown as councils.ArtifactView;
}
function part(over: Partial<CouncilPart> = {}): CouncilPart {
  const role = over.role ?? 'eng-lead';
  return {
    role,
    agentId: `${role}-1`,
    taskId: 't',
    brief,
    seat: 'held',
    council: council(),
    contents: new Map(),
    voted: new Set(),
    handedIn: new Set(),
    isExecuting: true,
    age: 3,
    ...over,
  };
}
const typesOf = (acts: readonly CouncilAct[]) => acts.map(({ type }) => type);
const inPhase = (phase: (typeof councils.ROUND_PHASES)[number], number = 1) => ({
  number,
  phase,
  opened_at_beat: 0,
  phase_opened_at_beat: 0,
});

describe('what an agent says', () => {
  test.each([
    ['planning before it has seen its council', part({ council: undefined }), 'planning'],
    ['planning while the council forms', part({ council: council({ status: 'forming' }) }), 'planning'],
    ['executing while it writes', part(), 'executing'],
    ['reviewing when it has nothing to write', part({ role: 'ux-lead' }), 'reviewing'],
    ['completed with its council', part({ council: council({ status: 'completed' }) }), 'completed'],
    ['failed with its council', part({ council: council({ status: 'failed' }) }), 'failed'],
    ['idle when the council is cancelled', part({ council: council({ status: 'cancelled' }) }), 'idle'],
    ['idle without a seat', part({ seat: 'lost' }), 'idle'],
  ])('%s', (_name, one, state) => {
    expect(takeTurn(one).claim.state).toBe(state);
  });
});

test('an author says that it executes before it hands anything in', () => {
  const turn = takeTurn(part({ isExecuting: false }));
  expect(turn).toMatchObject({ claim: { state: 'executing' }, acts: [] });
});

test('each author hands in its kinds, once per round', () => {
  const acts = takeTurn(part()).acts;
  expect(acts.map((act) => act.type === 'hand_in' && act.draft.kind)).toEqual([
    'seminal_decision_record',
    'scaffold_plan',
  ]);
  const handedIn = new Set(acts.flatMap((act) => (act.type === 'hand_in' ? [act.key] : [])));
  expect(takeTurn(part({ handedIn })).acts).toEqual([]);
});

test('what is stored already is not handed in again, after a restart either', () => {
  const stored = council({ artifacts: [artifact('seminal_decision_record'), artifact('scaffold_plan')] });
  expect(typesOf(takeTurn(part({ council: stored })).acts)).toEqual(['read', 'read']);
});

test('what was voted down is revised in the next round, and what was ratified is left alone', () => {
  const artifacts = [
    artifact('seminal_decision_record', { votes_no: 2, votes_yes: 1 }),
    artifact('scaffold_plan', { ratified: true }),
  ];
  const acts = takeTurn(part({ council: council({ round: inPhase('revise', 2), artifacts }) })).acts;
  expect(acts).toHaveLength(1);
  expect(acts[0]).toMatchObject({ type: 'hand_in', key: 'seminal_decision_record#2' });
  expect(JSON.stringify(acts[0])).toContain('Version 1 got 1 yes and 2 no.');
});

describe('voting', () => {
  const artifacts = [artifact('gate_tests'), artifact('kickoff_manifest')];
  const good = draft('gate_tests', brief, place).content;
  const contents = new Map([
    ['gate_tests-1', good],
    ['kickoff_manifest-1', '{}'],
  ]);
  const voting = (over: Partial<CouncilPart>, phase: 'vote' | 'critique' = 'vote') =>
    takeTurn(
      part({
        handedIn: new Set(['seminal_decision_record#1', 'scaffold_plan#1']),
        council: council({ round: inPhase(phase), artifacts }),
        ...over,
      }),
    );

  test('yes to what stands, no with a reason to what does not', () => {
    expect(voting({ contents }).acts).toEqual([
      {
        type: 'vote',
        artifactId: 'gate_tests-1',
        verdict: { vote: 'yes', reason: expect.any(String) as string },
      },
      {
        type: 'vote',
        artifactId: 'kickoff_manifest-1',
        verdict: { vote: 'no', reason: expect.stringContaining('leaves out the goal') as string },
      },
    ]);
  });
  test('only in the vote phase, only once, only on what was read', () => {
    expect(voting({ contents }, 'critique').acts).toEqual([]);
    expect(voting({ contents, voted: new Set(['gate_tests-1', 'kickoff_manifest-1']) }).acts).toEqual([]);
    expect(typesOf(voting({}).acts)).toEqual(['read', 'read']);
  });
  test('an optional seat reads, but has no vote', () => {
    expect(voting({ role: 'ux-lead', contents }).acts).toEqual([]);
  });
});
