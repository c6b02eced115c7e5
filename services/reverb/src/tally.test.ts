import { windowClose } from '@whoosh/contracts/testing';
import { Registry } from '@whoosh/telemetry';
import { expect, test } from 'vitest';
import { type StreamEntry } from './domain/entry.ts';
import { WindowBook } from './domain/window-book.ts';
import { ReverbMetrics } from './metrics.ts';
import { Tally } from './tally.ts';

const claimOf = (beat: number): StreamEntry => ({
  kind: 'claim',
  sequence: 1,
  storedAtMs: 0,
  claim: {
    agent: `a${beat}`,
    beat,
    state: 'idle',
    task: '',
    beatsLeft: undefined,
    isComplete: false,
    hlc: beat,
  },
});

const marker: StreamEntry = {
  kind: 'marker',
  sequence: 9,
  storedAtMs: 4_000,
  marker: windowClose({ epoch: 1, from_beat: 0, to_beat: 3, reason: 'grid', beat_ms: 1_000, elapsed_ms: 0 }),
};

test('says once per reason what was refused since it last told', () => {
  const lines: object[] = [];
  const tally = new Tally(new ReverbMetrics(new Registry()), {
    warn: (fields: object) => void lines.push(fields),
  });
  for (let i = 0; i < 1_000; i += 1) tally.note({ kind: 'invalid', reason: 'schema' }, Date.now());
  const book = new WindowBook();
  for (const beat of [0, 3, 900]) book.apply(claimOf(beat));
  // Stored when its window began, so that beat 3 was not to be known yet.
  tally.note(book.apply(marker), 0);
  tally.note({ kind: 'late' }, Date.now());
  tally.tell();
  expect(lines).toEqual([{ reason: 'schema', count: 1_000 }, { reason: 'ahead', count: 2 }, { count: 1 }]);
  tally.tell();
  expect(lines).toHaveLength(3);
});

test('says once per kind and reason what else was left aside', async () => {
  const lines: object[] = [];
  const registry = new Registry();
  const tally = new Tally(new ReverbMetrics(registry), { warn: (fields: object) => void lines.push(fields) });
  for (let i = 0; i < 3; i += 1) tally.note({ kind: 'broken', what: 'rotation', reason: 'schema' }, 0);
  tally.broken({ what: 'beat', reason: 'malformed' }, 5);
  for (let i = 0; i < 2_000; i += 1) tally.broken({ what: 'report', reason: 'no_row' }, 1);
  tally.tell();
  tally.tell();
  expect(lines).toEqual([
    { kind: 'rotation', reason: 'schema', count: 3 },
    { kind: 'report', reason: 'no_row', count: 2_000 },
  ]);
  expect(tally.brokenByKind).toEqual({ rotation_schema: 3, beat_malformed: 5, report_no_row: 2_000 });
  expect(tally.claimsPerSecond).toBe(0);
  const text = await registry.getSingleMetricAsString('backbeat_reverb_messages_invalid_total');
  expect(text).toContain('{kind="rotation",reason="schema"} 3');
  expect(text).toContain('{kind="marker",reason="foreign_window"} 0');
});
