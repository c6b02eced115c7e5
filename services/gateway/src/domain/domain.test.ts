import fc from 'fast-check';
import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { coerceTexts } from './coerce.ts';
import { EventRing } from './event-ring.ts';
import { tokenDigest } from './identity.ts';
import { isOrigin, parseListenAddress } from './listen-address.ts';
import { OperationBoard } from './operation-board.ts';
import { rateClass, rateKey } from './rate-class.ts';
import { lastEventId, sseFrame } from './sse.ts';
import { TempoMeter } from './tempo-meter.ts';

describe('who is counted how', () => {
  const admin = { kind: 'user', id: 'ada', role: 'admin' } as const;
  const service = { kind: 'service', id: 's', role: 'service' } as const;
  const join = { kind: 'join', id: 'join', role: 'none' } as const;
  const digest = tokenDigest('t');

  test.each([
    [admin, 'token'],
    [service, 'service'],
    [join, 'address'],
    [undefined, 'address'],
  ])('%j: by %s', (principal, kind) => {
    expect(rateClass(principal)).toBe(kind);
  });

  test('a known token is counted wherever it comes from, anybody else by address', () => {
    expect(rateKey(admin, digest, '10.0.0.1')).toBe(rateKey(admin, digest, '10.0.0.2'));
    expect(rateKey(join, digest, '10.0.0.1')).toBe('address:10.0.0.1');
    expect(rateKey(undefined, undefined, '10.0.0.1')).toBe('address:10.0.0.1');
    expect(rateKey(join, tokenDigest('guess 1'), 'a')).toBe(rateKey(join, tokenDigest('guess 2'), 'a'));
  });
});

test('texts become what the fields want, and stay texts where they cannot', () => {
  const schema = z.strictObject({
    limit: z.int().min(1).default(50),
    full: z.boolean().optional(),
    name: z.string(),
    at: z.number().nullable(),
  });
  expect(coerceTexts(schema, { limit: '7', full: 'true', name: '12', at: '1.5', extra: '1' })).toEqual({
    limit: 7,
    full: true,
    name: '12',
    at: 1.5,
    extra: '1',
  });
  expect(coerceTexts(schema, { limit: '1e3', full: 'yes' })).toEqual({ limit: '1e3', full: 'yes' });
  expect(coerceTexts(schema, { ['__proto__']: '1', constructor: '2' })).toMatchObject({ constructor: '2' });
});

test('a frame of an event stream', () => {
  expect(sseFrame({ id: 7, event: 'a.b', data: '{"x":1}' })).toBe('id: 7\nevent: a.b\ndata: {"x":1}\n\n');
  expect(sseFrame({ event: 'beat', data: '{}' })).toBe('event: beat\ndata: {}\n\n');
});

test.each([
  [undefined, undefined],
  ['', undefined],
  ['17', 17],
  ['0', 0],
  ['-1', 'malformed'],
  ['1.5', 'malformed'],
  ['abc', 'malformed'],
  ['9999999999999999', 'malformed'],
])('Last-Event-ID %j is %j', (header, expected) => {
  expect(lastEventId(header)).toBe(expected);
});

describe('the ring of events', () => {
  const frame = (id: number) => ({ id, event: 'e', data: 'x'.repeat(10) });

  test('gives everything after a sequence or says that it cannot', () => {
    const sequences = fc.uniqueArray(fc.integer({ min: 11, max: 200 }), { maxLength: 60 });
    fc.assert(
      fc.property(
        sequences,
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 1, max: 20 }),
        (ids, asked, framesMax) => {
          const ordered = ids.toSorted((a, b) => a - b);
          const ring = new EventRing({ framesMax, charactersMax: 10_000, coversFrom: 11 });
          for (const id of ordered) expect(ring.add(frame(id))).toBe(true);
          const given = ring.after(asked)?.map(({ id }) => id);
          if (given === undefined) {
            // It may only say so when something after the asked one is really missing, or lay before its time.
            const kept = ordered.slice(-framesMax);
            expect(
              asked < 10 ||
                ordered.some((id) => id > asked && !kept.includes(id)) ||
                ordered.length > framesMax,
            ).toBe(true);
          } else expect(given).toEqual(ordered.filter((id) => id > asked));
        },
      ),
    );
  });

  test('drops what it has seen, and keeps within its characters', () => {
    const ring = new EventRing({ framesMax: 100, charactersMax: 25, coversFrom: 1 });
    expect([1, 2, 2, 1, 3].map((id) => ring.add(frame(id)))).toEqual([true, true, false, false, true]);
    expect(ring.after(1)?.map(({ id }) => id)).toEqual([2, 3]);
    expect(ring.after(0)).toBeUndefined();
    expect(ring.newest).toBe(3);
  });

  test('covers nothing before it began', () => {
    const ring = new EventRing({ framesMax: 9, charactersMax: 99, coversFrom: 5 });
    expect(ring.after(4)).toEqual([]);
    expect(ring.after(3)).toBeUndefined();
    expect(ring.newest).toBe(4);
  });
});

describe('the measured tempo', () => {
  const beats = (periodMs: number, count = 20, tempoBpm = 120) =>
    Array.from({ length: count }, (_, index) => ({ index, tempoBpm, atMs: 1_000 + index * periodMs }));
  const meterOf = (heard: ReturnType<typeof beats>) => {
    const meter = new TempoMeter();
    for (const beat of heard) meter.heard(beat);
    return meter;
  };

  test('is that of the arrivals', () => {
    const meter = meterOf(beats(505));
    expect(meter.measuredBpm).toBeCloseTo(60_000 / 505, 6);
    expect(meter.driftMs).toBeCloseTo(5, 6);
  });

  test('is not moved far by one late message', () => {
    const late = beats(500).map((beat) => (beat.index === 10 ? { ...beat, atMs: beat.atMs + 200 } : beat));
    expect(Math.abs(meterOf(late).driftMs ?? 99)).toBeLessThan(2);
  });

  test('is unknown before the third beat and after a change of tempo', () => {
    expect(meterOf(beats(500, 2)).measuredBpm).toBeUndefined();
    const meter = meterOf(beats(500));
    meter.heard({ index: 20, tempoBpm: 60, atMs: 20_000 });
    expect(meter.measuredBpm).toBeUndefined();
  });

  test('begins anew when another line of beats takes the place, at the same index too', () => {
    const meter = meterOf(beats(500, 3));
    meter.heard({ index: 2, tempoBpm: 120, atMs: 9_999 });
    expect(meter.measuredBpm).toBeUndefined();
    for (const { index, ...beat } of beats(400, 2))
      meter.heard({ ...beat, index: index + 3, atMs: 10_399 + index * 400 });
    expect(meter.measuredBpm).toBeCloseTo(150, 6);
  });
});

test('operations of WHOOSH are shown until the downbeat after their end, or until they fall silent', () => {
  const board = new OperationBoard();
  const claim = (task_id: string, beat_index: number, state: 'executing' | 'completed', phase?: string) => ({
    type: 'backbeat.statusclaim.v1' as const,
    agent_id: 'whoosh',
    hlc: '0000:0000:0000',
    task_id,
    beat_index,
    state,
    ...(phase !== undefined && { metadata: { phase } }),
  });
  board.claimed(claim('scan', 1, 'executing', 'querying'));
  board.claimed(claim('sweep', 1, 'executing'));
  board.claimed(claim('scan', 2, 'completed', 'completed'));
  expect(board.active().map(({ id, phase }) => `${id} ${phase}`)).toEqual([
    'sweep executing',
    'scan completed',
  ]);
  board.downbeat(4);
  expect(board.active().map(({ id }) => id)).toEqual(['sweep']);
  board.downbeat(200);
  expect(board.active()).toEqual([]);
});

test.each([
  [':8080', { host: undefined, port: 8080 }],
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  ['[::1]:80', { host: '::1', port: 80 }],
  ['gateway.local:80', { host: 'gateway.local', port: 80 }],
  ['8080', undefined],
  [':70000', undefined],
  ['http://x:1', undefined],
])('%j listens at %j', (text, expected) => {
  expect(parseListenAddress(text)).toEqual(expected);
});

test.each([
  ['http://localhost:3000', true],
  ['https://a.example', true],
  ['https://a.example/', false],
  ['*', false],
  ['null', false],
  ['ftp://a', false],
])('%j is an origin: %j', (text, expected) => {
  expect(isOrigin(text)).toBe(expected);
});
