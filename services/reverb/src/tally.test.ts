import { Registry } from '@whoosh/telemetry';
import { expect, test } from 'vitest';
import { ReverbMetrics } from './metrics.ts';
import { Tally } from './tally.ts';

test('says once per reason what was refused since it last told', () => {
  const lines: object[] = [];
  const tally = new Tally(new ReverbMetrics(new Registry()), {
    warn: (fields: object) => void lines.push(fields),
  });
  for (let i = 0; i < 1_000; i += 1) tally.note({ kind: 'invalid', reason: 'schema' }, Date.now());
  tally.noteAhead(3);
  tally.note({ kind: 'late' }, Date.now());
  tally.tell();
  expect(lines).toEqual([
    { reason: 'schema', count: 1_000 },
    { reason: 'ahead', count: 3 },
  ]);
  tally.tell();
  expect(lines).toHaveLength(2);
});
