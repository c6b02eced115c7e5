import { describe, expect, test } from 'vitest';
import { Succession } from '../src/node/succession.ts';

const STEP_MS = 8;
const FLUSH_MS = 1;
const asking = { kind: 'preVote', rank: 0, log: 0 } as const;

function successionOf(rank: number, size = 3): Succession {
  const succession = new Succession({ stepMs: STEP_MS, size });
  succession.begin(rank, 0);
  return succession;
}

describe('after the leader’s connection has closed', () => {
  test('nodes stand one after the other by rank', () => {
    expect([0, 1, 2].map((rank) => successionOf(rank).dueMs)).toEqual([0, 8, 16]);
  });

  test('who stood in vain stands again, each in a rhythm of its own, and at last leaves it to the timeout', () => {
    const dues = [0, 1].map((rank) => {
      const succession = successionOf(rank);
      const due: number[] = [];
      while (succession.dueMs !== undefined) {
        due.push(succession.dueMs);
        succession.stands(false, succession.dueMs, FLUSH_MS);
      }
      return due;
    });
    expect(dues[0]).toEqual([0, 24, 48, 72, 96, 120, 144]);
    expect(dues[1]).toEqual([8, 40, 72, 104, 136, 168, 200]);
  });

  test('a candidate waits for the votes as long as flushes take, once, before it takes them for split', () => {
    const succession = successionOf(0);
    expect(succession.stands(false, 0, FLUSH_MS)).toBe(true);
    expect(succession.stands(true, 24, 30)).toBe(false);
    expect(succession.dueMs).toBe(24 + 4 * 30);
    expect(succession.stands(true, 144, 30)).toBe(true);
  });

  test('a question of somebody before it makes a node wait its turn', () => {
    const succession = successionOf(1);
    expect(succession.admits(asking, 5)).toBe(true);
    expect(succession.dueMs).toBe(5 + 3 * STEP_MS);
    expect(succession.admits({ ...asking, kind: 'vote' }, 6)).toBe(true);
    expect(succession.dueMs).toBe(6 + 6 * STEP_MS);
  });

  test('of two who ask in the same moment only the one before is answered', () => {
    const succession = successionOf(2);
    expect(succession.admits({ ...asking, rank: 1 }, 0)).toBe(true);
    expect(succession.admits({ ...asking, rank: 0 }, 1)).toBe(true);
    expect(succession.admits({ ...asking, rank: 1 }, 2)).toBe(false);
    expect(succession.admits({ ...asking, rank: 1 }, 1 + STEP_MS)).toBe(true);
  });

  test('who stands itself favours itself, unless the other’s log is better', () => {
    const succession = successionOf(0);
    succession.stands(false, 0, FLUSH_MS);
    expect(succession.admits({ ...asking, rank: 1 }, 1)).toBe(false);
    expect(succession.admits({ ...asking, rank: 1, log: 1 }, 1)).toBe(true);
  });

  test('a worse log makes nobody wait', () => {
    const succession = successionOf(1);
    expect(succession.admits({ ...asking, log: -1 }, 0)).toBe(true);
    expect(succession.dueMs).toBe(STEP_MS);
  });

  test('votes in earnest are never left unanswered, and none are while somebody leads', () => {
    const succession = successionOf(0);
    succession.stands(false, 0, FLUSH_MS);
    expect(succession.admits({ kind: 'vote', rank: 2, log: 0 }, 1)).toBe(true);
    succession.end();
    expect(succession.dueMs).toBeUndefined();
    expect(succession.admits({ ...asking, rank: 2 }, 1)).toBe(true);
  });
});
