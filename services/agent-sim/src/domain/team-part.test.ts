import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readBrief } from './brief.ts';
import { executingBeats, teamClaim } from './team-part.ts';

const brief = readBrief('Fix the login', '## Acceptance\n- It works\n- It is fast');

test('a task goes from planning to completed, and its promise is kept', () => {
  const length = 4 + executingBeats(brief);
  const states = Array.from({ length: length + 3 }, (_, age) => teamClaim('t', 'executor', brief, age));
  const order = states.map(({ state }) => state).filter((state, at, all) => state !== all[at - 1]);
  expect(order).toEqual(['planning', 'executing', 'reviewing', 'completed', 'idle']);
  expect(states[length - 1]).toMatchObject({ state: 'reviewing', progress: 1, beats_left: 1 });
  for (const [age, claim] of states.slice(0, length + 1).entries())
    expect(claim.beats_left).toBe(length - age);
});

test('larger tasks take longer, but not for ever', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { maxLength: 24 }), (items) => {
      const beats = executingBeats(
        readBrief('t', `## Goals\n${items.map((item) => `- ${item}`).join('\n')}`),
      );
      expect(beats).toBeGreaterThanOrEqual(6);
      expect(beats).toBeLessThanOrEqual(40);
    }),
  );
});
