import { windowIdOf } from '@whoosh/backbeat-sdk/rules';
import { backbeat } from '@whoosh/contracts';
import { windowClose } from '@whoosh/contracts/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readClaim, readEntry } from './claim-decoder.ts';

const encode = (body: unknown): Uint8Array =>
  new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
const claim = {
  type: 'backbeat.statusclaim.v1',
  agent_id: 'a',
  beat_index: 7,
  state: 'executing',
  hlc: '7ffd:0001:beef',
};

describe('the decoder', () => {
  test('agrees with the contract on every shape that can be made of its fields', () => {
    const odd = fc.constantFrom<unknown>(
      undefined,
      null,
      '',
      'a',
      -1,
      0,
      0.5,
      1,
      2 ** 53,
      1_001,
      [],
      {},
      true,
      'x'.repeat(257),
      'done',
      '7ffd:0001',
      '7FFD:0001:BEEF',
    );
    const shape = fc.record(
      Object.fromEntries(
        [
          'type',
          'agent_id',
          'beat_index',
          'state',
          'hlc',
          'task_id',
          'beats_left',
          'progress',
          'notes',
          'resources',
          'dependencies',
          'metadata',
          'extra',
        ].map((key) => [
          key,
          fc.oneof(
            { weight: 5, arbitrary: fc.constant((claim as Record<string, unknown>)[key]) },
            { weight: 1, arbitrary: odd },
          ),
        ]),
      ),
    );
    fc.assert(
      fc.property(shape, (body) => {
        const json: unknown = JSON.parse(JSON.stringify(body));
        expect(readClaim(encode(body), 'a').ok).toBe(
          backbeat.StatusClaim.safeParse(json).success && (json as { agent_id: string }).agent_id === 'a',
        );
      }),
      { numRuns: 3_000 },
    );
  });

  test('never throws, whatever arrives', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (payload, subject) => {
        readEntry(subject, payload, { sequence: 1, storedAtMs: 0 });
        readEntry(`backbeat.c.claim.${subject}`, payload, { sequence: 1, storedAtMs: 0 });
      }),
      { numRuns: 2_000 },
    );
  });

  test('parses nothing that is larger than a claim may be', () => {
    const sized = (bytes: number) => {
      const bare = encode({ ...claim, metadata: { text: '' } }).byteLength;
      return encode({ ...claim, metadata: { text: 'x'.repeat(bytes - bare) } });
    };
    expect(readClaim(sized(backbeat.CLAIM_BYTES_MAX), 'a')).toMatchObject({ ok: true });
    expect(readClaim(sized(backbeat.CLAIM_BYTES_MAX + 1), 'a')).toEqual({ ok: false, reason: 'schema' });
  });

  test('takes no number that is none, as the contract does not', () => {
    const text = JSON.stringify(claim).replace('}', ',"resources":{"memory_mb":1e999}}');
    expect(backbeat.StatusClaim.safeParse(JSON.parse(text)).success).toBe(false);
    expect(readClaim(encode(text), 'a')).toEqual({ ok: false, reason: 'schema' });
  });

  test('replaces the synonyms, in either case of the timestamp', () => {
    for (const [from, to] of Object.entries(backbeat.CLAIM_STATE_SYNONYMS)) {
      expect(readClaim(encode({ ...claim, state: from }), 'a')).toMatchObject({
        ok: true,
        claim: { state: to },
      });
    }
    const upper = readClaim(encode({ ...claim, hlc: '7FFD:0001:BEEF' }), 'a');
    expect(upper).toEqual(readClaim(encode(claim), 'a'));
  });

  test.each(['prototype', 'constructor', '__proto__', 'toString'])(
    'is not misled by the state %s',
    (state) => {
      expect(readClaim(encode({ ...claim, state }), 'a')).toEqual({ ok: false, reason: 'schema' });
    },
  );

  test('takes no marker from a subject of another window, nor any that breaks its contract', () => {
    const marker = windowClose({ window_id: windowIdOf('c', 1, 0), epoch: 1, from_beat: 0, to_beat: 3 });
    const place = { sequence: 9, storedAtMs: 5 };
    const own = `backbeat.c.close.${marker.window_id}`;
    expect(readEntry(own, encode(marker), place)).toMatchObject({ kind: 'marker', ...place });
    const asRead = (subject: string, body: unknown) => readEntry(subject, encode(body), place);
    for (const forged of [
      { ...marker, window_id: 'a'.repeat(32) },
      { ...marker, window_id: windowIdOf('other', 1, 0) },
      { ...marker, window_id: windowIdOf('c', 2, 0) },
    ])
      expect(asRead(`backbeat.c.close.${forged.window_id}`, forged)).toMatchObject({
        kind: 'broken',
        what: 'marker',
        reason: 'implausible',
      });
    expect(asRead(`backbeat.c.close.${'b'.repeat(32)}`, marker)).toMatchObject({ reason: 'foreign_window' });
    expect(asRead(own, { ...marker, to_beat: 10_000 })).toMatchObject({ kind: 'broken', reason: 'schema' });
    expect(asRead(own, { ...marker, from_beat: 9, to_beat: 8 })).toMatchObject({ reason: 'schema' });
    expect(asRead(own, 'x')).toMatchObject({ kind: 'broken', what: 'marker', reason: 'malformed' });
    expect(asRead('backbeat.c.rotation', {})).toMatchObject({ what: 'rotation', reason: 'schema' });
    expect(asRead('backbeat.c.rotation', '['.repeat(9_000))).toMatchObject({ reason: 'schema' });
    expect(asRead('backbeat.c.other', marker)).toBeUndefined();
  });
});
