import { backbeat } from '@whoosh/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBySchema, readClaim } from './claim-decoder.ts';
import { ClaimScanner } from './claim-scanner.ts';

const AGENT = 'agent:7';
const scanner = new ClaimScanner();
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const text = (characters: string, maxLength: number) =>
  fc
    .array(fc.constantFrom(...characters.split('')), { minLength: 1, maxLength })
    .map((parts) => parts.join(''));
const hex4 = text('0123456789abcdefABCDEF', 4).map((digits) => digits.padStart(4, '0'));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** Whatever the contract allows, as an object. */
const claim = fc.record({
  type: fc.constant('backbeat.statusclaim.v1'),
  agent_id: fc.oneof(
    { weight: 8, arbitrary: fc.constant(AGENT) },
    { weight: 1, arbitrary: text('abz_:-09', 130) },
  ),
  beat_index: fc.oneof(fc.nat(2_000), fc.maxSafeNat(), fc.constantFrom(-1, 0.5, 2 ** 53, 1e21, -0)),
  state: fc.constantFrom(...backbeat.CLAIM_STATES, ...Object.keys(backbeat.CLAIM_STATE_SYNONYMS)),
  hlc: fc.tuple(hex4, hex4, hex4).map((parts) => parts.join(':')),
  task_id: optional(text('abz_:.-09', 130)),
  beats_left: optional(fc.oneof(fc.nat(1_001), fc.constantFrom(-1, 1.5))),
  progress: optional(fc.oneof(fc.double({ min: 0, max: 1 }), fc.constantFrom(0, 1, 1.1, 1e-7, 0.25))),
  notes: optional(fc.oneof(fc.string({ maxLength: 260 }), fc.string({ unit: 'grapheme', maxLength: 20 }))),
  resources: optional(fc.record({ cpu_percent: fc.nat(100) })),
  dependencies: optional(fc.array(text('ab.', 4), { maxLength: 3 })),
  metadata: optional(fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 2 })),
});

/** Its text with the fields in any order. */
const claimText = fc
  .tuple(claim, fc.array(fc.nat(20), { minLength: 12, maxLength: 12 }))
  .map(([body, order]) => {
    const fields = Object.entries(body).filter(([, value]) => value !== undefined);
    const shuffled = fields
      .map((field, i) => ({ field, at: order[i] ?? 0 }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ field }) => field);
    return JSON.stringify(Object.fromEntries(shuffled));
  });

/** Pieces that change what a claim means, or whether it is one. */
const PIECES = [
  ...'{}[]",:. \\\n0123456789-+eEaftn'.split(''),
  '\u0000',
  '\u007f',
  'é',
  '\uFEFF',
  '\\u0061',
  '1.0',
  '0.99999999999999999999',
  '0.9999999999999999',
  '0.99999999999999998',
  '0.8444218515250481',
  '1e0',
  '00',
  '-0',
  'null',
  'true',
  '""',
  '"hlc":"0001:0002:0003",',
  '"agent_id":"agent:7",',
  '"agent_id":"other",',
  '"progress":1,',
  '"state":"done",',
  '"toString":1,',
  '"__proto__":1,',
  ',"extra":1',
];

type Mutation = { readonly at: number; readonly length: number; readonly piece: string };
const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(),
  length: fc.nat(3),
  piece: fc.oneof({ weight: 1, arbitrary: fc.constant('') }, fc.constantFrom(...PIECES)),
});

function mutated(body: string, { at, length, piece }: Mutation): string {
  const from = at % (body.length + 1);
  return body.slice(0, from) + piece + body.slice(from + length);
}

/** What the contract itself says, by its own validator and nothing of ours. */
function byContract(payload: Uint8Array): unknown {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return 'malformed';
  }
  const { success, data } = backbeat.StatusClaim.safeParse(json);
  if (!success) return 'schema';
  if (data.agent_id !== AGENT) return 'foreign_agent';
  return {
    agent: data.agent_id,
    beat: data.beat_index,
    state: data.state,
    task: data.task_id ?? '',
    beatsLeft: data.beats_left,
    isComplete: data.progress === 1,
    hlc: Number.parseInt(data.hlc.replaceAll(':', ''), 16),
  };
}

const verdict = (payload: Uint8Array): unknown => {
  const reading = readClaim(payload, `backbeat.c.claim.${AGENT}`, 'backbeat.c.claim.'.length);
  return reading.ok ? reading.claim : reading.reason;
};

describe('the scanner', () => {
  test('says of every claim what the contract says', () => {
    fc.assert(
      fc.property(claimText, (body) => {
        expect(verdict(bytesOf(body))).toEqual(byContract(bytesOf(body)));
      }),
      { numRuns: 5_000 },
    );
  });

  test('says of every mutated claim what the contract says', () => {
    fc.assert(
      fc.property(claimText, fc.array(mutation, { minLength: 1, maxLength: 3 }), (body, mutations) => {
        const payload = bytesOf(mutations.reduce(mutated, body));
        expect(verdict(payload)).toEqual(byContract(payload));
      }),
      { numRuns: 20_000 },
    );
  });

  test('says of a claim with any of its bytes changed, left out or doubled what the contract says', () => {
    const whole = bytesOf(
      `{"type":"backbeat.statusclaim.v1","agent_id":"${AGENT}","task_id":"t.1","beat_index":120,"beats_left":3,"progress":0.5,"notes":"a b","hlc":"7ffd:0a01:BEEF","state":"waiting"}`,
    );
    const check = (payload: Uint8Array): void => {
      const found = verdict(payload);
      const expected = byContract(payload);
      // Comparing texts first: a quarter of a million deep comparisons take long.
      if (JSON.stringify(found) !== JSON.stringify(expected)) expect(found).toEqual(expected);
    };
    for (let at = 0; at < whole.length; at += 1) {
      for (let byte = 0; byte < 256; byte += 1) check(whole.with(at, byte));
      check(Uint8Array.from([...whole.slice(0, at), ...whole.slice(at + 1)]));
      check(Uint8Array.from([...whole.slice(0, at + 1), ...whole.slice(at)]));
      check(whole.slice(0, at));
    }
    expect.hasAssertions();
    expect(verdict(whole)).toMatchObject({ state: 'blocked', beatsLeft: 3 });
  });

  test('reads the form that agents send, so that it is no ornament', () => {
    const plain = fc.record({
      type: fc.constant('backbeat.statusclaim.v1'),
      agent_id: fc.constant(AGENT),
      task_id: optional(text('abz_:.-09', 128)),
      beat_index: fc.nat(),
      beats_left: optional(fc.nat(1_000)),
      progress: optional(
        fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0.001, max: 1, maxExcluded: true })),
      ),
      notes: optional(text(' abc,.:{}', 256)),
      hlc: fc.tuple(hex4, hex4, hex4).map((parts) => parts.join(':')),
      state: fc.constantFrom(...backbeat.CLAIM_STATES),
    });
    fc.assert(
      fc.property(plain, (body) => {
        fc.pre(body.progress === undefined || body.progress < 0.9999999999999999 || body.progress === 1);
        expect(scanner.scan(bytesOf(JSON.stringify(body)), AGENT, 0)).toBeDefined();
      }),
      { numRuns: 1_000 },
    );
  });

  test('keeps names of its own, not the whole subject', () => {
    const payload = bytesOf(
      `{"type":"backbeat.statusclaim.v1","agent_id":"${AGENT}","beat_index":1,"hlc":"0001:0002:0003","state":"idle"}`,
    );
    const read = () => scanner.scan(payload, `backbeat.c.claim.${AGENT}`, 17)?.agent;
    expect(read()).toBe(AGENT);
    expect(read()).toBe(AGENT);
    expect(readBySchema(payload, AGENT)).toMatchObject({ ok: true });
  });
});
