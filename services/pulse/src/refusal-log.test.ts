import { expect, test } from 'vitest';
import { RefusalLog } from './refusal-log.ts';

test('says each kind once a second at most, with what to check and how many there were', () => {
  const lines: object[] = [];
  const log = new RefusalLog('n1', { warn: (fields: object) => lines.push(fields) } as never);
  const refuse = (reason: string, count: number, atMs: number): void =>
    log.hear({ type: 'raft_refused', reason, count }, atMs);
  refuse('unauthenticated', 2, 0);
  refuse('unauthenticated', 3, 500);
  refuse('foreign', 1, 600);
  refuse('unauthenticated', 1, 1_000);
  expect(lines).toEqual([
    { node: 'n1', reason: 'unauthenticated', count: 2, check: expect.stringContaining('--raft-secret') },
    { node: 'n1', reason: 'foreign', count: 1, check: expect.stringContaining('--raft-peers') },
    { node: 'n1', reason: 'unauthenticated', count: 4, check: expect.stringContaining('--raft-secret') },
  ]);
  lines.length = 0;
  for (let atMs = 2_000; atMs < 4_000; atMs += 10) log.hear({ type: 'ignored', reason: 'malformed' }, atMs);
  log.hear({ type: 'ignored', reason: 'seen' }, 4_000);
  expect(lines).toEqual([
    { node: 'n1', reason: 'malformed', count: 1 },
    { node: 'n1', reason: 'malformed', count: 100 },
  ]);
});
