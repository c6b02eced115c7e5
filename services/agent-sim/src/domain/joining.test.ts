import { expect, test } from 'vitest';
import { joinedAgents } from './joining.ts';

test.each([
  [200, 0, 0, 200],
  [200, 20, 0, 1],
  [200, 20, 19.9, 1],
  [200, 20, 20, 2],
  [200, 20, 3_979, 199],
  [200, 20, 3_980, 200],
  [200, 20, 1e9, 200],
  [1, 60_000, 0, 1],
])('of %d agents, %d ms apart, after %d ms %d have joined', (agents, staggerMs, passedMs, joined) => {
  expect(joinedAgents(agents, staggerMs, passedMs)).toBe(joined);
});
