import { type JetStreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import { describe, expect, test } from 'vitest';
import { type ListedReport, type ReportCursor } from '../domain/report-cursor.ts';
import { ReportStream } from './report-stream.ts';

const report = (windowId: string, fromBeat: number) =>
  JSON.stringify({
    type: 'backbeat.barreport.v1',
    window_id: windowId,
    from_beat: fromBeat,
    to_beat: fromBeat + 3,
    agents_reporting: 1,
    on_time_reviews: 0,
    help_promises_fulfilled: 0,
    secret_rotations_ok: true,
    tempo_drift_ms: 0,
    issues: [],
  });

function headersOf(values: Readonly<Record<string, string>>) {
  const head = headers();
  for (const [name, value] of Object.entries(values)) head.set(name, value);
  return head;
}

/** A stream that holds these bodies, the first one at sequence 1. */
function streamOf(bodies: readonly string[], epochOf = (_body: number) => 1): JetStreamManager {
  const streams = {
    info: async () => Promise.resolve({ state: { first_seq: 1, last_seq: bodies.length } }),
    getMessage: async (_stream: string, { seq }: { seq: number }) =>
      Promise.resolve({
        subject: 'backbeat.c.report.store.x',
        time: new Date(0),
        header: headersOf({ 'Backbeat-Epoch': String(epochOf(seq - 1)) }),
        json: () => JSON.parse(bodies[seq - 1] ?? '') as unknown,
      }),
  };
  return { streams } as unknown as JetStreamManager;
}

describe('the reports of the stream', () => {
  test('are listed although something between them is none', async () => {
    const [a, b] = ['a'.repeat(32), 'b'.repeat(32)];
    const stream = new ReportStream(streamOf([report(a, 0), 'not JSON', '{}', report(b, 4)]), 'c');
    const listed = await stream.list(10, {});
    expect(listed.map(({ stored }) => stored.report.window_id)).toEqual([b, a]);
  });

  test('are paged through the lives of the cluster, each once', async () => {
    // Beats 0, 4, 8 of a life, then 0, 4 of the next.
    const ids = ['1', '2', '3', '4', '5'].map((digit) => digit.repeat(32));
    const bodies = [0, 4, 8, 0, 4].map((beat, i) => report(ids[i] ?? '', beat));
    const stream = new ReportStream(
      streamOf(bodies, (i) => (i < 3 ? 1 : 2)),
      'c',
    );
    const seen: string[] = [];
    for (let cursor: ReportCursor | undefined = {}; cursor !== undefined;) {
      const page: readonly ListedReport[] = await stream.list(2, cursor);
      seen.push(...page.map(({ stored }) => stored.report.window_id));
      const last = page.at(-1);
      cursor = last && { epoch: last.epoch, beat: last.stored.report.from_beat };
    }
    expect(seen).toEqual(ids.toReversed());
    // Who names no life means the newest.
    const [first] = await stream.list(1, { beat: 4 });
    expect(first?.stored.report.window_id).toBe(ids[3]);
  });
});
