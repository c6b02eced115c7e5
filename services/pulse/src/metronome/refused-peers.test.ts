import { expect, test } from 'vitest';
import { RefusedPeers } from './refused-peers.ts';

test('tells what was refused since it looked last, and what an operator can put right', () => {
  const counted: Record<string, number> = {};
  const told: string[] = [];
  using peers = new RefusedPeers({
    counted: () => counted,
    tell: (reason, count) => told.push(`${reason} ${count}`),
  });
  peers.look(0);
  expect(told).toEqual([]);
  counted['unauthenticated'] = 3;
  counted['silent'] = 1;
  peers.look(1_000);
  peers.look(2_000);
  expect(told).toEqual(['unauthenticated 3', 'silent 1']);
  counted['unauthenticated'] = 5;
  peers.look(3_000);
  expect(told.at(-1)).toBe('unauthenticated 2');
  expect(peers.recent(4_000)).toEqual(['unauthenticated']);
  expect(peers.recent(9_000)).toEqual([]);
});
