import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compare,
  decodeFull,
  decodeWire,
  encodeFull,
  encodeWire,
  Hlc,
  nodeSuffix,
  WALL_MS_MAX,
  WIRE_WRAP_MS,
} from './index.ts';

const PATTERN = /^[0-9a-f]{4}:[0-9a-f]{4}:[0-9a-f]{4}$/;
const HALF = WIRE_WRAP_MS / 2;

const node = fc.integer({ min: 0, max: 0xffff });
const fitting = fc.record({
  wallMs: fc.integer({ min: WIRE_WRAP_MS, max: WALL_MS_MAX - WIRE_WRAP_MS }),
  logical: fc.integer({ min: 0, max: 255 }),
  node,
});

describe('the wire form', () => {
  test('decode after encode is the identity within half a period of the reference', () => {
    fc.assert(
      fc.property(fitting, fc.integer({ min: -HALF + 1, max: HALF - 1 }), (timestamp, offsetMs) => {
        const text = encodeWire(timestamp);
        expect(text).toMatch(PATTERN);
        expect(decodeWire(text, timestamp.wallMs + offsetMs)).toEqual(timestamp);
      }),
      { numRuns: 20_000 },
    );
  });

  test('holds at a million pseudo-random times', () => {
    let state = 0x9e3779b9;
    const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
    let wrong = 0;
    for (let i = 0; i < 1_000_000; i += 1) {
      const wallMs = 1_600_000_000_000 + next() * 64 + (next() % 64);
      const timestamp = { wallMs, logical: next() % 256, node: next() % 65_536 };
      const back = decodeWire(encodeWire(timestamp), wallMs - HALF + 1 + (next() % (WIRE_WRAP_MS - 1)));
      if (back === undefined || compare(back, timestamp) !== 0) wrong += 1;
    }
    expect(wrong).toBe(0);
  });

  test('holds at every boundary of the period, one to each side', () => {
    for (let period = 90_000; period < 90_200; period += 1) {
      for (const delta of [-257, -256, -255, -1, 0, 1, 255, 256, 257]) {
        const timestamp = { wallMs: period * WIRE_WRAP_MS + delta, logical: 255, node: 0xffff };
        for (const offset of [-HALF + 1, -1, 0, 1, HALF - 1]) {
          expect(decodeWire(encodeWire(timestamp), timestamp.wallMs + offset)).toEqual(timestamp);
        }
      }
    }
  });

  test('texts of one clock stay in order within a period and never tie', () => {
    let physicalMs = 90_000 * WIRE_WRAP_MS;
    const hlc = new Hlc({ physicalMs: () => physicalMs, node: 7 });
    let last = '';
    for (let i = 0; i < 20_000; i += 1) {
      if (i % 700 === 0) physicalMs += 13;
      const text = encodeWire(hlc.now());
      expect(text > last).toBe(true);
      last = text;
    }
  });

  test('a counter above 255 borrows milliseconds', () => {
    expect(encodeWire({ wallMs: 0, logical: 300, node: 1 })).toBe(
      encodeWire({ wallMs: 1, logical: 44, node: 1 }),
    );
  });

  test.each([
    '7ffd:0001:beef',
    '7ffc:0005:cafe',
    '0000:0001:0002',
    '8000:0000:1111',
    'abcd:ef01:2345',
    'ABCD:EF01:2345',
    'ffff:ffff:ffff',
  ])('every text of the pattern is a time: %s', (text) => {
    for (const reference of [0, 1, HALF, 1_700_000_000_000, WALL_MS_MAX]) {
      const timestamp = decodeWire(text, reference);
      expect(timestamp).toBeDefined();
      expect(timestamp === undefined ? '' : encodeWire(timestamp)).toBe(text.toLowerCase());
    }
  });

  test('anything else is undefined and never an exception', () => {
    const almost = fc.string({
      unit: fc.constantFrom('0', 'f', 'G', ':', ' ', '-', '\n', 'é'),
      maxLength: 18,
    });
    fc.assert(
      fc.property(fc.oneof(fc.string(), almost), (text) => {
        const isWire = /^[0-9a-fA-F]{4}:[0-9a-fA-F]{4}:[0-9a-fA-F]{4}$/.test(text);
        expect(decodeWire(text, 1_700_000_000_000) === undefined).toBe(!isWire);
        expect(decodeFull(text)).toBeUndefined();
      }),
      { numRuns: 100_000 },
    );
    expect(decodeWire('7ffd:0001:beef\n', 0)).toBeUndefined();
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, WALL_MS_MAX + 1])(
    'a reference of %s gives nothing',
    (reference) => {
      expect(decodeWire('7ffd:0001:beef', reference)).toBeUndefined();
    },
  );
});

describe('the full form', () => {
  const any = fc.record({ wallMs: fc.integer({ min: 0, max: WALL_MS_MAX }), logical: node, node });
  test('keeps all bits and sorts as text', () => {
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(decodeFull(encodeFull(a))).toEqual(a);
        const [textA, textB] = [encodeFull(a), encodeFull(b)];
        expect(Math.sign(compare(a, b))).toBe(textA < textB ? -1 : textA > textB ? 1 : 0);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('the node suffix', () => {
  test('fits 16 bits, is stable and spreads 10,000 names with about as many collisions as chance', () => {
    expect(nodeSuffix('agent:1')).toBe(nodeSuffix('agent:1'));
    const seen = new Map<number, number>();
    for (let i = 0; i < 10_000; i += 1) {
      const suffix = nodeSuffix(`agent:${i}`);
      expect(suffix).toBeGreaterThanOrEqual(0);
      expect(suffix).toBeLessThanOrEqual(0xffff);
      seen.set(suffix, (seen.get(suffix) ?? 0) + 1);
    }
    let pairs = 0;
    for (const count of seen.values()) pairs += (count * (count - 1)) / 2;
    expect(pairs).toBeGreaterThan(300);
    expect(pairs).toBeLessThan(1_600);
  });
});
