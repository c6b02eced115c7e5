import { windowIdOf } from '@whoosh/backbeat-sdk/rules';
import { describe, expect, test } from 'vitest';
import { type ListedReport, type ReportCursor } from '../domain/report-cursor.ts';
import { type ReportSource, type SourceMessage } from './report-source.ts';
import { ReportStream } from './report-stream.ts';

interface Stored {
  readonly epoch: number;
  readonly from: number;
  /** Instead of a report. */
  readonly body?: string;
}

const idOf = ({ epoch, from }: Stored): string => windowIdOf('c', epoch, from);

function messageOf(stored: Stored, sequence: number): SourceMessage {
  const report = {
    type: 'backbeat.barreport.v1',
    window_id: idOf(stored),
    from_beat: stored.from,
    to_beat: stored.from + 3,
    agents_reporting: 1,
    on_time_reviews: 0,
    help_promises_fulfilled: 0,
    secret_rotations_ok: true,
    tempo_drift_ms: 0,
    issues: [],
  };
  return {
    sequence,
    storedAt: new Date(0),
    data: new TextEncoder().encode(stored.body ?? JSON.stringify(report)),
    header: () => String(stored.epoch),
  };
}

/** A stream in which these lie, the first at 1; `undefined` is another cluster's. Counts what is read of it. */
class WrittenSource implements ReportSource {
  reads = 0;
  messages = 0;
  readonly #stored: readonly (Stored | undefined)[];

  constructor(stored: readonly (Stored | undefined)[]) {
    this.#stored = stored;
  }

  async bounds() {
    return Promise.resolve({ first: 1, last: this.#stored.length });
  }

  async get(windowId: string) {
    const at = this.#stored.findIndex((stored) => stored !== undefined && idOf(stored) === windowId);
    const stored = this.#stored[at];
    return Promise.resolve(stored && messageOf(stored, at + 1));
  }

  async *read(from: number, before: number) {
    this.reads += 1;
    for (let sequence = from; sequence < before; sequence += 1) {
      const stored = this.#stored[sequence - 1];
      if (stored === undefined) continue;
      this.messages += 1;
      yield await Promise.resolve(messageOf(stored, sequence));
    }
  }
}

const firstsOf = (listed: readonly ListedReport[]) => listed.map(({ stored }) => stored.report.from_beat);

async function pages(source: ReportSource, limit: number): Promise<[number, number][]> {
  const stream = new ReportStream(source, 'c');
  const seen: [number, number][] = [];
  for (let cursor: ReportCursor | undefined = {}; cursor !== undefined;) {
    const page: readonly ListedReport[] = await stream.list(limit, cursor);
    seen.push(...page.map(({ epoch, stored }): [number, number] => [epoch, stored.report.from_beat]));
    const last = page.at(-1);
    cursor = last && { epoch: last.epoch, beat: last.stored.report.from_beat };
  }
  return seen;
}

describe('the reports of the stream', () => {
  test('are listed although something between them is none', async () => {
    const none = (body: string) => ({ epoch: 1, from: 900, body });
    const source = new WrittenSource([
      { epoch: 1, from: 0 },
      none('not JSON'),
      none('{}'),
      { epoch: 1, from: 4 },
    ]);
    expect(firstsOf(await new ReportStream(source, 'c').list(10, {}))).toEqual([4, 0]);
  });

  test('are paged through the lives of the cluster, each once', async () => {
    const source = new WrittenSource([
      ...[0, 4, 8].map((from) => ({ epoch: 1, from })),
      ...[0, 4].map((from) => ({ epoch: 2, from })),
    ]);
    expect(await pages(source, 2)).toEqual([
      [2, 4],
      [2, 0],
      [1, 8],
      [1, 4],
      [1, 0],
    ]);
    // Who names no life means the newest.
    const stream = new ReportStream(source, 'c');
    expect(firstsOf(await stream.list(1, { beat: 4 }))).toEqual([0]);
    // A beat that no window begins with is a place all the same.
    expect(firstsOf(await stream.list(2, { epoch: 1, beat: 7 }))).toEqual([4, 0]);
  });

  test('are paged to the beginning, and every page reads no more than a few times what it shows', async () => {
    const count = 9_000;
    const source = new WrittenSource(Array.from({ length: count }, (_, i) => ({ epoch: 1, from: i * 4 })));
    const seen = await pages(source, 200);
    expect(seen).toHaveLength(count);
    expect(seen.at(-1)).toEqual([1, 0]);
    expect(source.messages).toBeLessThanOrEqual(3 * count);
    expect(source.reads).toBeLessThanOrEqual(2 * (count / 200 + 1));
  });

  test('are found behind many of other clusters, in few readings', async () => {
    const source = new WrittenSource([
      { epoch: 1, from: 0 },
      ...Array.from({ length: 100_000 }, () => undefined),
      { epoch: 1, from: 4 },
    ]);
    expect(firstsOf(await new ReportStream(source, 'c').list(2, {}))).toEqual([4, 0]);
    expect(source.reads).toBeLessThan(20);
  });
});
