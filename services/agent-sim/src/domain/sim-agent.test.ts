import { readFileSync } from 'node:fs';
import { backbeat } from '@whoosh/contracts';
import { Random } from '@whoosh/stdx';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Score } from './score.ts';
import { newSimAgent, type SimClaim, stepSimAgent } from './sim-agent.ts';

const score = Score.parse(parse(readFileSync(new URL('../../scores/default.yaml', import.meta.url), 'utf8')));
const honest: Score = {
  ...score,
  claims: { agents: 1, silent: 0, late: 0, lying: 0, duplicate: 0 },
  silence: { ...score.silence, agents: 0 },
};

function play(seed: number, beats: number, by: Score = score, others = ['b', 'c']): (SimClaim | undefined)[] {
  const random = new Random(seed);
  let agent = newSimAgent('a', by, random);
  return Array.from({ length: beats }, () => {
    const step = stepSimAgent(agent, by, random, others);
    agent = step.agent;
    return step.said;
  });
}

test('the same seed plays the same, another seed does not', () => {
  expect(play(1, 200)).toEqual(play(1, 200));
  expect(play(2, 200)).not.toEqual(play(1, 200));
});

test('every claim obeys the contract', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      for (const said of play(seed, 60)) {
        if (said === undefined) continue;
        const claim = {
          ...said.claim,
          type: 'backbeat.statusclaim.v1',
          agent_id: 'a',
          beat_index: 1,
          hlc: '0000:0000:0000',
        };
        expect(backbeat.StatusClaim.safeParse(claim).error).toBeUndefined();
      }
    }),
  );
});

describe('an honest life', () => {
  const AFTER: Record<string, readonly string[]> = {
    start: ['idle', 'planning', 'helping'],
    idle: ['idle', 'planning', 'helping'],
    planning: ['planning', 'executing', 'blocked'],
    executing: ['executing', 'blocked', 'reviewing'],
    blocked: ['blocked', 'executing', 'reviewing'],
    reviewing: ['reviewing', 'completed', 'failed'],
    helping: ['helping', 'completed', 'failed'],
    completed: ['idle', 'planning', 'helping'],
    failed: ['idle', 'planning', 'helping'],
  };

  test('goes from planning over execution and review to its end, beat by beat', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        let last = 'start';
        for (const said of play(seed, 150, honest)) {
          const state = said?.claim.state ?? 'silent';
          expect(AFTER[last]).toContain(state);
          last = state;
        }
      }),
    );
  });

  test('a kept promise is true to the beat, a broken one too small', () => {
    const kept = { ...honest, promises: { ...honest.promises, broken: 0 } };
    const broken = { ...honest, promises: { given: 1, broken: 1, slip_beats: [3, 3] as [number, number] } };
    for (const [by, isTrue] of [
      [kept, (left: number, promised: number) => promised === left],
      [broken, (left: number, promised: number) => promised === Math.max(1, left - 3)],
    ] as const) {
      const lines = play(5, 400, by).map((said) => said?.claim);
      const promises = lines.flatMap((line, at) =>
        line?.beats_left === undefined ? [] : [{ at, promised: line.beats_left, task: line.task_id }],
      );
      expect(promises.length).toBeGreaterThan(50);
      for (const { at, promised, task } of promises) {
        const end = lines.findIndex(
          (line, later) =>
            later > at && line?.task_id === task && (line?.state === 'completed' || line?.state === 'failed'),
        );
        if (end !== -1) expect(isTrue(end - at, promised)).toBe(true);
      }
    }
  });

  test('a task that will not fail is reviewed with progress 1 before it is completed', () => {
    const lines = play(9, 400, { ...honest, task: { ...honest.task, failed: 0 } }).map((said) => said?.claim);
    const completed = lines.flatMap((line, at) =>
      line?.state === 'completed' && line.task_id?.startsWith('a.') ? [at] : [],
    );
    expect(completed.length).toBeGreaterThan(5);
    for (const at of completed) expect(lines[at - 1]).toMatchObject({ state: 'reviewing', progress: 1 });
  });
});

test('the rates of the score are met', () => {
  const by: Score = {
    ...honest,
    claims: { agents: 1, silent: 0.1, late: 0.2, lying: 0.3, duplicate: 0.1 },
    help: { ...honest.help, share: 0 },
    task: { ...honest.task, failed: 0.25 },
  };
  const all = Array.from({ length: 40 }, (_, seed) => play(seed, 500, by)).flat();
  const share = (fits: (said: SimClaim | undefined) => boolean) => all.filter(fits).length / all.length;
  expect(share((said) => said === undefined)).toBeCloseTo(0.1, 1);
  expect(share((said) => said?.way === 'late')).toBeCloseTo(0.2, 1);
  expect(share((said) => said?.way === 'lie')).toBeCloseTo(0.3, 1);
  expect(share((said) => said?.way === 'duplicate')).toBeCloseTo(0.1, 1);
  const ends = all.filter((said) => said?.claim.state === 'completed' || said?.claim.state === 'failed');
  expect(ends.filter((said) => said?.claim.state === 'failed').length / ends.length).toBeCloseTo(0.25, 1);
});

test('only the given share of agents misbehaves, and those at the full rate', () => {
  const by: Score = { ...honest, claims: { agents: 0.3, silent: 0, late: 0, lying: 0.5, duplicate: 0.5 } };
  const lives = Array.from({ length: 200 }, (_, seed) => play(seed, 40, by));
  const bad = lives.filter((said) => said.some((each) => each?.way !== 'honest'));
  expect(bad.length / lives.length).toBeCloseTo(0.3, 1);
  for (const said of bad) expect(said.every((each) => each?.way !== 'honest')).toBe(true);
});

test('a silent agent is silent for whole spells and comes back', () => {
  const by: Score = { ...honest, silence: { agents: 1, begins: 0.02, beats: [20, 20] } };
  const spoke = play(3, 600, by)
    .map((said) => (said === undefined ? '.' : 'x'))
    .join('');
  expect(spoke).toMatch(/x\.{21}x/);
});

test.each([
  ['an unknown field', { ...score, tempo: 3 }],
  ['a share above 1', { ...score, help: { ...score.help, share: 1.5 } }],
  ['a range the wrong way round', { ...score, help: { ...score.help, beats: [8, 2] } }],
  ['a task without planning', { ...score, task: { ...score.task, planning_beats: [0, 0] } }],
  [
    'more misbehaviour than claims',
    { ...score, claims: { agents: 1, silent: 0.5, late: 0.5, lying: 0.1, duplicate: 0 } },
  ],
])('a score with %s is refused', (_name, broken) => {
  expect(Score.safeParse(broken).success).toBe(false);
});
