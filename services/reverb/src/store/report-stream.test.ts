import { type JetStreamManager } from '@nats-io/jetstream';
import { describe, expect, test } from 'vitest';
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

/** A stream that holds these bodies, the first one at sequence 1. */
function streamOf(bodies: readonly string[]): JetStreamManager {
  const streams = {
    info: async () => Promise.resolve({ state: { first_seq: 1, last_seq: bodies.length } }),
    getMessage: async (_stream: string, { seq }: { seq: number }) =>
      Promise.resolve({
        subject: 'backbeat.c.report.store.x',
        time: new Date(0),
        json: () => JSON.parse(bodies[seq - 1] ?? '') as unknown,
      }),
  };
  return { streams } as unknown as JetStreamManager;
}

describe('the reports of the stream', () => {
  test('are listed although something between them is none', async () => {
    const [a, b] = ['a'.repeat(32), 'b'.repeat(32)];
    const stream = new ReportStream(streamOf([report(a, 0), 'not JSON', '{}', report(b, 4)]), 'c');
    const listed = await stream.list(10, undefined);
    expect(listed.map((stored) => stored.report.window_id)).toEqual([b, a]);
  });
});
