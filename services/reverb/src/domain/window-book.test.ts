import { backbeat } from '@whoosh/contracts';
import { bare, recompute } from '@whoosh/testkit/recomputation';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BEAT_MS,
  fold,
  GRACE_MS,
  issuesOf,
  reportsOf,
  START_MS,
  WrittenStream,
} from '../../test/written-stream.ts';
import { type ClosedWindow, PENDING_BEATS_MAX, WindowBook } from './window-book.ts';

describe('a window', () => {
  test('counts different agents, whenever their claims arrive before the marker', () => {
    const stream = new WrittenStream()
      .at(0)
      .claim('a', 0)
      .at(1)
      .claim('a', 1)
      .claim('b', 0)
      .at(3)
      .claim('c', 3)
      .close(0, 3);
    expect(reportsOf(stream)).toMatchObject([{ agents_reporting: 3, from_beat: 0, to_beat: 3, issues: [] }]);
  });

  test('takes a claim by its beat, not by its arrival', () => {
    const stream = new WrittenStream()
      .at(3.2)
      .claim('early', 4)
      .claim('a', 3)
      .close(0, 3)
      .at(5)
      .claim('b', 5)
      .close(4, 7);
    expect(reportsOf(stream).map((report) => report.agents_reporting)).toEqual([1, 2]);
  });

  test('counts a claim behind its marker as late, in the next report', () => {
    const stream = new WrittenStream()
      .at(1)
      .claim('a', 1)
      .close(0, 3)
      .at(4.5)
      .claim('late', 3)
      .claim('a', 4)
      .close(4, 7);
    const [first, second] = reportsOf(stream);
    expect(first).toMatchObject({ agents_reporting: 1, issues: [] });
    expect(second).toMatchObject({ agents_reporting: 1 });
    expect(issuesOf(second)).toEqual({ late_claims: 1 });
  });

  test('counts copies once', () => {
    const hlc = 'ABCD:0001:0002';
    const stream = new WrittenStream()
      .at(1)
      .claim('a', 1, { hlc })
      .claim('a', 1, { hlc: hlc.toLowerCase() })
      .claim('a', 1)
      .close(0, 3);
    expect(fold(stream.messages)[0]?.claims).toBe(2);
  });

  test('refuses claims by reason', () => {
    const stream = new WrittenStream()
      .at(1)
      .claim('a', 1)
      .put('backbeat.c.claim.a', '{')
      .put('backbeat.c.claim.a', { type: 'backbeat.statusclaim.v1' })
      .put('backbeat.c.claim.other', {
        type: 'backbeat.statusclaim.v1',
        agent_id: 'a',
        beat_index: 1,
        state: 'idle',
        hlc: '0000:0000:0000',
      })
      .claim('a', 3)
      .claim('a', 900);
    for (let i = 0; i < 18; i += 1) stream.claim('flooder', 1);
    stream.close(0, 3).close(4, 7);
    const [first, second] = reportsOf(stream);
    expect(issuesOf(first)).toEqual({
      invalid_claims_malformed: 1,
      invalid_claims_schema: 1,
      invalid_claims_foreign_agent: 1,
      invalid_claims_ahead: 1,
      invalid_claims_flood: 2,
    });
    expect(issuesOf(second)).toEqual({ invalid_claims_ahead: 1, silent_agents: 2 });
  });

  test('does not take honest claims for early ones because its marker was long under way', () => {
    const stream = new WrittenStream()
      .at(0)
      .claim('a', 0)
      .close(0, 3)
      .at(4)
      .claim('a', 4)
      .claim('b', 5)
      .at(6)
      .claim('b', 6);
    stream.nowMs = START_MS + 8 * BEAT_MS + 3_000;
    stream.close(4, 7, { elapsed_ms: GRACE_MS });
    expect(reportsOf(stream)[1]).toMatchObject({ agents_reporting: 2, issues: [] });
  });

  test('understands the documented synonyms', () => {
    const stream = new WrittenStream().at(1).put('backbeat.c.claim.a', {
      type: 'backbeat.statusclaim.v1',
      agent_id: 'a',
      beat_index: 1,
      state: 'done',
      hlc: '0000:0000:0000',
    });
    expect(reportsOf(stream.close(0, 3))).toMatchObject([{ agents_reporting: 1, on_time_reviews: 1 }]);
  });

  test('counts reviews by different agent and task, on time only', () => {
    const stream = new WrittenStream()
      .at(1)
      .claim('a', 1, { state: 'completed', task_id: 't1' })
      .claim('a', 1, { state: 'reviewing', progress: 1, task_id: 't2' })
      .claim('a', 1, { state: 'reviewing', progress: 0.9, task_id: 't3' })
      .claim('b', 1, { state: 'completed', task_id: 't1' })
      .at(2)
      .claim('b', 2, { state: 'completed', task_id: 't1' })
      .at(4)
      .claim('b', 3, { state: 'completed', task_id: 't-at-the-last-moment' })
      .at(4.1)
      .claim('c', 3, { state: 'completed', task_id: 't9' })
      .close(0, 3);
    expect(reportsOf(stream)).toMatchObject([{ on_time_reviews: 4, agents_reporting: 3 }]);
  });

  test('counts help in the window of its completed, when it came in time', () => {
    const stream = new WrittenStream()
      .at(2)
      .claim('h', 2, { state: 'helping', task_id: 't', beats_left: 4 })
      .claim('slow', 2, { state: 'helping', task_id: 't', beats_left: 1 })
      .claim('vague', 2, { state: 'helping', task_id: 't' })
      .close(0, 3)
      .at(5)
      .claim('h', 5, { state: 'completed', task_id: 't' })
      .claim('slow', 5, { state: 'completed', task_id: 't' })
      .claim('vague', 5, { state: 'completed', task_id: 't' })
      .close(4, 7);
    const [first, second] = reportsOf(stream);
    expect([first?.help_promises_fulfilled, second?.help_promises_fulfilled]).toEqual([0, 1]);
    expect(issuesOf(first)).toEqual({ broken_promises: 1 });
  });

  test('a promise cannot be stretched, and counts at most 64 beats', () => {
    const stream = new WrittenStream()
      .at(0)
      .claim('a', 0, { beats_left: 1 })
      .at(1)
      .claim('a', 1, { beats_left: 9 })
      .claim('b', 1, { beats_left: 1_000 });
    for (let bar = 0; bar < 18; bar += 1) stream.close(bar * 4, bar * 4 + 3);
    const broken = reportsOf(stream).map((report) => issuesOf(report)['broken_promises'] ?? 0);
    expect(broken[0]).toBe(1);
    expect(broken[16]).toBe(1);
    expect(broken.reduce((sum, count) => sum + count)).toBe(2);
  });

  test('has one report, whatever other markers say', () => {
    const stream = new WrittenStream().at(1).claim('a', 1).close(0, 3).close(0, 3).close(2, 5).close(0, 2);
    expect(reportsOf(stream).map(({ from_beat: from, to_beat: to }) => [from, to])).toEqual([
      [0, 3],
      [2, 5],
    ]);
  });

  test('of a new life of the cluster is not taken for a late one', () => {
    const stream = new WrittenStream().at(41).claim('a', 41).close(40, 43);
    stream.nowMs += 100;
    stream.claim('a', 0).claim('b', 1);
    // Nobody goes on with the old life.
    stream.nowMs += 4_000;
    stream.close(0, 3, { epoch: 2, elapsed_ms: 2_000 + GRACE_MS });
    expect(reportsOf(stream)).toMatchObject([
      { from_beat: 40 },
      { from_beat: 0, agents_reporting: 2, issues: [] },
    ]);
  });
});

describe('the book', () => {
  const agent = fc.constantFrom('a', 'b', 'c:1', 'd-2');
  const step = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant('claim' as const),
        agent,
        off: fc.constantFrom(0, 0, 0, 0, -1, 1, -5, 2, 300),
        state: fc.constantFrom(...backbeat.CLAIM_STATES),
        task: fc.constantFrom('t1', 't2', undefined),
        left: fc.constantFrom(undefined, 0, 1, 3, 70),
        progress: fc.constantFrom(undefined, 0.5, 1),
        copy: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('bad' as const),
        text: fc.constantFrom('{', '{}', '[]', '"x"'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('rotation' as const),
        name: fc.constantFrom('x', 'y'),
        state: fc.constantFrom('required', 'done', 'failed'),
        off: fc.constantFrom(0, 0, 0, 5, 998, 1_001, 1_200),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('broken' as const),
        subject: fc.constantFrom('rotation', `close.${'f'.repeat(32)}`),
        text: fc.constantFrom('{', '{}', 'null', ' '.repeat(9_000)),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('forged' as const),
        off: fc.constantFrom(0, 1, 3, 40, 100_000, 2 ** 50),
        beats: fc.constantFrom(1, 4, 10_000),
        rest: fc.constantFrom<Partial<backbeat.WindowClose>>(
          {},
          { beat_ms: 1e-9 },
          { beat_ms: 1e9 },
          { beat_ms: 100_000 },
          { elapsed_ms: 1e15 },
          { elapsed_ms: 0 },
        ),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), beats: fc.constantFrom(0.1, 0.4, 1, 1.3) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('skip' as const), bars: fc.constantFrom(1, 3) }) },
  );

  /** Claims, noise and the markers that a real writer would put between them. */
  function write(
    steps: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[],
  ): WrittenStream {
    const stream = new WrittenStream();
    let beat = 0;
    let bar = 0;
    const closeThrough = (until: number): void => {
      while ((bar + 1) * 4 + 0.25 <= until) {
        stream.nowMs += bar % 3 === 1 ? 700 : 0;
        stream.close(bar * 4, bar * 4 + 3, { missed_windows: 0, elapsed_ms: GRACE_MS });
        bar += 1;
      }
      stream.at(until);
    };
    for (const next of steps) {
      if (next.kind === 'pass') closeThrough((beat += next.beats));
      else if (next.kind === 'skip') bar = Math.floor((beat += next.bars * 4) / 4);
      else if (next.kind === 'bad') stream.put('backbeat.c.claim.a', next.text);
      else if (next.kind === 'broken') stream.put(`backbeat.c.${next.subject}`, next.text);
      else if (next.kind === 'forged') {
        const from = Math.floor(beat) + next.off;
        stream.mark(from, from + next.beats - 1, next.rest);
      } else if (next.kind === 'rotation') {
        stream.put('backbeat.c.rotation', {
          type: 'backbeat.rotation.v1',
          name: next.name,
          state: next.state,
          beat_index: Math.floor(beat) + next.off,
          hlc: '0000:0000:0000',
        });
      } else {
        const index = Math.max(0, Math.floor(beat) + next.off);
        const optional = {
          ...(next.task && { task_id: next.task }),
          ...(next.left !== undefined && { beats_left: next.left }),
          ...(next.progress !== undefined && { progress: next.progress }),
        };
        stream.claim(next.agent, index, { state: next.state, ...optional });
        const last = stream.messages.at(-1);
        if (next.copy && last !== undefined) stream.put(last.subject, last.text);
      }
    }
    closeThrough(beat + 9);
    return stream;
  }

  test('agrees with a recomputation from the whole stream', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 120 }), (steps) => {
        const { messages } = write(steps);
        expect(fold(messages).map(({ report }) => bare(report))).toEqual(recompute(messages));
      }),
      { numRuns: 300 },
    );
  });

  test('started again from any checkpoint, gives the same reports', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 120 }), fc.nat(), (steps, seed) => {
        const { messages } = write(steps);
        const windows = fold(messages);
        const whole = windows.map(({ report }) => report);
        const at = windows[seed % windows.length] as ClosedWindow;
        const book = new WindowBook();
        const before = fold(
          messages.filter(({ sequence }) => sequence <= at.sequence),
          book,
        ).map(({ report }) => report);
        const checkpoint = JSON.parse(JSON.stringify(book.checkpoint())) as ReturnType<
          WindowBook['checkpoint']
        >;
        const after = fold(
          messages.filter(({ sequence }) => sequence > checkpoint.sequence),
          WindowBook.restore(checkpoint),
        ).map(({ report }) => report);
        expect([...before, ...after]).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });
});

test('a liar who names ever more beats before there is a grid takes neither memory nor the place of others', () => {
  const book = new WindowBook();
  const claim = (agent: string, beat: number) =>
    book.apply({
      kind: 'claim',
      sequence: beat + 1,
      storedAtMs: START_MS,
      claim: {
        agent,
        beat,
        state: 'executing',
        task: '',
        beatsLeft: undefined,
        isComplete: false,
        hlc: beat,
      },
    });
  const honest = 10 * PENDING_BEATS_MAX;
  for (const agent of ['a', 'b']) claim(agent, honest);
  for (let beat = 0; beat < 5 * PENDING_BEATS_MAX; beat += 1) claim('liar', beat);
  expect(book.pendingBeats.length).toBeLessThanOrEqual(2 * PENDING_BEATS_MAX);
  expect(book.pendingClaims).toBe(book.pendingBeats.length + 1);
  expect(book.bucket(honest)?.byAgent.size).toBe(2);
});
