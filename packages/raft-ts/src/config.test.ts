import { expect, test } from 'vitest';
import { configProblems, RaftConfigError, type RaftOptions, raftConfig, validate } from './config.ts';

const good: RaftOptions = { id: 1, peers: [1, 2, 3], random: () => 0 };

test('the defaults are in order', () => {
  expect(configProblems(raftConfig(good))).toEqual([]);
});

test.each<[string, Partial<RaftOptions>, string]>([
  ['no ticks', { electionTicks: 0 }, 'electionTicks must be a positive integer'],
  ['a heartbeat as long as an election', { electionTicks: 3, heartbeatTicks: 3 }, 'above heartbeatTicks'],
  ['a stranger', { id: 9 }, 'include the node itself'],
  ['the same peer twice', { peers: [1, 2, 2] }, 'peers must differ'],
  ['nobody as a peer', { peers: [0, 1] }, 'positive integers'],
  ['a lease that nobody keeps', { readMode: 'lease', checkQuorum: false }, 'needs checkQuorum'],
  ['a lease as long as an election', { electionTicks: 10, leaseTicks: 10 }, 'below electionTicks'],
  ['a negative applied index', { applied: -1 }, 'must not be negative'],
])('%s is refused', (_, change, problem) => {
  const config = raftConfig({ ...good, ...change });
  expect(configProblems(config).join()).toContain(problem);
  expect(() => validate(config)).toThrow(RaftConfigError);
});
