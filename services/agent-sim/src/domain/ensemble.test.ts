import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { Ensemble } from './ensemble.ts';
import { bodyOf } from './said-body.ts';
import { Score } from './score.ts';

const score = Score.parse(parse(readFileSync(new URL('../../scores/default.yaml', import.meta.url), 'utf8')));

/** All that a fleet says over these beats, as bytes. */
function sequence(seed: number, agents: number, beats: number, rate = 1): string {
  const agentIds = Array.from({ length: agents }, (_, at) => `sim-${at + 1}`);
  const ensemble = new Ensemble({ score, agentIds, seed, rate });
  const lines: string[] = [];
  for (let index = 0; index < beats; index += 1) {
    for (const [at, agentId] of agentIds.entries()) {
      const said = ensemble.step(at);
      if (said === undefined) continue;
      const body = bodyOf(agentId, said, { index, windowFrom: index - (index % 4) });
      lines.push(JSON.stringify([said.way, body]));
    }
  }
  return lines.join('\n');
}

test('the same seed and the same beats give the same bytes, another seed does not', () => {
  expect(sequence(7, 200, 60)).toBe(sequence(7, 200, 60));
  expect(sequence(8, 200, 60)).not.toBe(sequence(7, 200, 60));
});

test('a larger fleet leaves the lives of its first agents as they are, but for whom they help', () => {
  const helpless = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => /"agent_id":"sim-[1-9]"/.test(line))
      .map((line) => line.replace(/"sim-\d+\.help/, '"sim.help'));
  expect(helpless(sequence(3, 400, 40))).toEqual(helpless(sequence(3, 100, 40)));
});

test('a lower rate leaves out StatusClaims, and changes or ends none', () => {
  const all = new Set(sequence(5, 50, 80).split('\n'));
  const some = sequence(5, 50, 80, 0.25).split('\n');
  expect(some.length).toBeLessThan(all.size * 0.45);
  expect(some.length).toBeGreaterThan(all.size * 0.2);
  for (const line of some) expect(all.has(line)).toBe(true);
  const ends = (lines: Iterable<string>) => [...lines].filter((line) => /completed|failed/.test(line)).length;
  expect(ends(some)).toBe(ends(all));
});
