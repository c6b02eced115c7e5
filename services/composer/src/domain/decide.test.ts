import fc from 'fast-check';
import { canonicalJson } from '@whoosh/stdx';
import { describe, expect, test } from 'vitest';
import { CANDIDATES_MAX, decide, type DecisionSettings, missingOf, remake } from './decide.ts';
import { type CandidateAgent } from './match.ts';

const SETTINGS: DecisionSettings = {
  defaultStrategy: 'minimal_viable',
  isComplexityAnalysed: true,
  isRiskAssessed: true,
  threshold: 0.6,
  size: { min: 1, max: 3 },
  hasAlternatives: false,
};

function agent(id: string, capabilities: string[], more: Partial<CandidateAgent> = {}): CandidateAgent {
  return {
    agent_id: id,
    capabilities,
    status: 'online',
    activity: 'idle',
    load: 0,
    completed: 0,
    failed: 0,
    model: null,
    ...more,
  };
}

const EASY = {
  title: 'Add a CSV export in TypeScript',
  body: 'Rows come from Postgres.',
  labels: ['enhancement'],
};
const RISKY = {
  title: 'Fix the payment crash in production',
  body: 'Security: a password leaks. TypeScript and Postgres.',
  labels: ['bug'],
};
const CREW = [
  agent('ada', ['typescript', 'postgres', 'testing', 'security']),
  agent('bob', ['typescript', 'node', 'testing']),
  agent('cyd', ['postgres', 'security', 'planning', 'typescript']),
  agent('dan', ['cooking']),
];

const decision = (text = EASY, agents = CREW, settings: Partial<DecisionSettings> = {}) =>
  decide(
    {
      teamId: '0199a000-0000-7000-8000-000000000001',
      taskId: '0199a000-0000-7000-8000-000000000002',
      text,
      agents,
      decidedAt: '2026-01-01T00:00:00.000Z',
    },
    { ...SETTINGS, ...settings },
  );
const seats = (made: ReturnType<typeof decision>) => made.team.members.map((one) => [one.role, one.agent_id]);

describe('a team', () => {
  test('for an easy task is the one agent that covers most of it', () => {
    expect(seats(decision())).toEqual([['executor', 'ada']]);
  });

  test('for a risky task has three different agents', () => {
    const made = decision(RISKY);
    expect(made.analysis).toMatchObject({
      strategy: 'balanced_standard',
      classification: { task_type: 'bug_fix', risk_level: 'critical' },
    });
    expect(made.team.members.map(({ role }) => role)).toEqual(['executor', 'reviewer', 'coordinator']);
    expect(new Set(made.team.members.map((one) => one.agent_id)).size).toBe(3);
  });

  test('waits with what is missing when nobody qualifies', () => {
    const made = decision(EASY, [agent('dan', ['cooking'])]);
    expect(seats(made)).toEqual([['executor', null]]);
    expect(made.team.confidence).toBe(0);
    expect(missingOf(made)).toEqual([
      {
        role: 'executor',
        skills: ['data', 'typescript', 'postgres'],
        reason: 'nobody qualifies who has data, typescript, postgres',
      },
    ]);
  });

  test('for a task that names no skill takes whoever is there', () => {
    const text = { title: 'Do the thing', body: '', labels: [] };
    expect(seats(decision(text, [agent('dan', ['cooking'])]))).toEqual([['executor', 'dan']]);
    expect(missingOf(decision(text, []))[0]?.reason).toBe('nobody is there');
  });

  test('that is viable does without a reviewer nobody can be; a balanced one waits', () => {
    const delicate = { ...EASY, body: `${EASY.body} It crashes in production.` };
    expect(decision(delicate, [agent('ada', ['typescript', 'postgres'])]).team.members).toHaveLength(1);
    const balanced = decision(RISKY, CREW.slice(0, 1));
    expect(balanced.team.members.map((one) => one.agent_id)).toEqual(['ada', null, null]);
  });

  test('has at least and at most as many members as the settings say', () => {
    expect(decision(EASY, CREW, { size: { min: 2, max: 3 } }).team.members).toHaveLength(2);
    expect(decision(RISKY, CREW, { size: { min: 1, max: 2 } }).team.members).toHaveLength(2);
  });
});

describe('a score', () => {
  test('is lower for who is at work, has other seats, or failed before', () => {
    const same = ['typescript', 'postgres', 'data'];
    const made = decision(EASY, [
      agent('busy', same, { activity: 'working' }),
      agent('failed', same, { failed: 3 }),
      agent('free', same),
      agent('loaded', same, { load: 2 }),
    ]);
    const scores = Object.fromEntries(made.candidates.map((one) => [one.agent_id, one.score]));
    expect(scores).toEqual({ free: 0.95, busy: 0.875, failed: 0.92, loaded: 0.85 });
    expect(made.team.members[0]?.agent_id).toBe('free');
  });

  test('names what an agent has and lacks, and why it was rejected', () => {
    const reasons = Object.fromEntries(decision().candidates.map((one) => [one.agent_id, one.reasons]));
    expect(reasons['ada']).toEqual(['has typescript, postgres', 'lacks data']);
    expect(reasons['dan']).toEqual([
      'lacks data, typescript, postgres',
      'rejected: has no critical skill',
      'rejected: 0.35 is below 0.6',
    ]);
  });
});

test('without complexity and risk the fields are null and nothing is guessed', () => {
  const { classification } = decision(RISKY, CREW, {
    isComplexityAnalysed: false,
    isRiskAssessed: false,
  }).analysis;
  expect(classification).toMatchObject({
    complexity: null,
    estimated_effort_hours: null,
    risk_level: null,
    risk_reasons: [],
  });
});

test('alternatives are led by somebody else, best first', () => {
  expect(decision(EASY, CREW).alternatives).toBeNull();
  const made = decision(EASY, CREW, { hasAlternatives: true });
  const leaders = made.alternatives?.map(({ members }) => members[0]?.agent_id);
  expect(leaders).toEqual(['cyd', 'bob']);
});

const text = fc.record({
  title: fc.constantFrom(EASY.title, RISKY.title, 'Research the XSS issue', 'Speed up Postgres queries', ''),
  body: fc.oneof(fc.string({ maxLength: 300 }), fc.constantFrom(EASY.body, RISKY.body)),
  labels: fc.subarray(['bug', 'enhancement', 'security', 'P1']),
});
const agents = fc.uniqueArray(
  fc.record({
    agent_id: fc.stringMatching(/^[a-z]{1,4}$/),
    capabilities: fc.subarray(['typescript', 'postgres', 'testing', 'security', 'planning', 'node', 'docs']),
    status: fc.constant('online'),
    activity: fc.constantFrom('idle', 'working'),
    load: fc.nat(4),
    completed: fc.nat(9),
    failed: fc.nat(9),
    model: fc.constant(null),
  }),
  { selector: (one) => one.agent_id, maxLength: 12 },
);
const settings = fc.record({
  threshold: fc.constantFrom(0.3, 0.6, 0.8),
  hasAlternatives: fc.boolean(),
  size: fc.constantFrom({ min: 1, max: 3 }, { min: 2, max: 3 }, { min: 1, max: 1 }),
});

test('the same task and agents, in any order, give the same decision byte for byte', () => {
  fc.assert(
    fc.property(text, agents, settings, fc.infiniteStream(fc.nat()), (task, crew, chosen, keys) => {
      const shuffled = crew
        .map((one) => ({ one, key: keys.next().value ?? 0 }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ one }) => one);
      expect(JSON.stringify(decision(task, shuffled, chosen))).toBe(
        JSON.stringify(decision(task, crew, chosen)),
      );
    }),
  );
});

test('a decision made again from its record is the same, byte for byte', () => {
  fc.assert(
    fc.property(text, agents, settings, (task, crew, chosen) => {
      const made = decision(task, crew, chosen);
      const stored = JSON.parse(canonicalJson(made)) as typeof made;
      expect(canonicalJson(remake(stored))).toBe(canonicalJson(made));
    }),
  );
});

test('a team keeps its rules whoever is there', () => {
  fc.assert(
    fc.property(text, agents, settings, (task, crew, chosen) => {
      const made = decision(task, crew, chosen);
      const members = made.team.members.flatMap((one) => one.agent_id ?? []);
      expect(new Set(members).size).toBe(members.length);
      expect(made.team.members.length).toBeGreaterThanOrEqual(Math.min(chosen.size.min, chosen.size.max));
      expect(made.team.members.length).toBeLessThanOrEqual(chosen.size.max);
      expect(made.candidates.length).toBe(made.team.members.length * made.input.agents.length);
      for (const one of made.candidates) {
        expect(one.score).toBeGreaterThanOrEqual(0);
        expect(one.score).toBeLessThanOrEqual(1);
        if (one.chosen) expect(one.qualified).toBe(true);
        if (one.qualified) expect(one.score).toBeGreaterThanOrEqual(chosen.threshold);
      }
      // Nobody who qualifies for the first seat is left out while it is empty.
      const executor = made.team.members[0];
      if (executor?.agent_id === null) {
        expect(made.candidates.some((one) => one.role === 'executor' && one.qualified)).toBe(false);
      }
    }),
  );
});

test('of very many agents the most able are weighed', () => {
  const crowd = Array.from({ length: 1_000 }, (_, at) => agent(`a${at}`, at === 777 ? ['typescript'] : []));
  const made = decision(EASY, crowd);
  expect(made.input.agents).toHaveLength(CANDIDATES_MAX);
  expect(made.input.agents[0]?.agent_id).toBe('a777');
});
