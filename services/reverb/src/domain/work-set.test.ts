import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WorkSet } from './work-set.ts';

test('counts each pair of agent and task once, whatever they are called', () => {
  const name = fc.constantFrom('', 'a', 'b', 'a\n', '\na', 'constructor');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, name)), (pairs) => {
      const set = new WorkSet();
      for (const [agent, task] of pairs) set.add(agent, task);
      expect(set.size).toBe(new Set(pairs.map((pair) => JSON.stringify(pair))).size);
    }),
  );
});
