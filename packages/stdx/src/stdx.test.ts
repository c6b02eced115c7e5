import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assert,
  AssertionFailure,
  backoffCeilingMs,
  backoffMs,
  canonicalJson,
  parseDurationMs,
  Random,
  sha256Hex,
  truncateUtf8,
  unreachable,
  uuidFromHash,
  uuidV7,
} from './index.ts';

describe('assert', () => {
  test('lets a true claim pass and throws the broken one', () => {
    expect(() => assert(true, 'fine')).not.toThrow();
    expect(() => assert(0, 'zero is enough')).toThrow(AssertionFailure);
    expect(() => unreachable({ odd: 1 } as never)).toThrow('unreachable: {"odd":1}');
  });
});

describe('Random', () => {
  test('says the same twice from the same seed', () => {
    const runs = [new Random(7), new Random(7)].map((random) =>
      Array.from({ length: 50 }, () => random.next()),
    );
    expect(runs[0]).toEqual(runs[1]);
    expect(new Random(8).next()).not.toBe(new Random(7).next());
  });

  test('int() stays inside its bounds and reaches both', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: -1000, max: 1000 }), fc.nat(20), (seed, min, span) => {
        const random = new Random(seed);
        const seen = new Set(Array.from({ length: 500 }, () => random.int(min, min + span)));
        expect(Math.min(...seen)).toBe(min);
        expect(Math.max(...seen)).toBe(min + span);
      }),
    );
  });

  test('shuffle() keeps the elements, pick() takes one of them', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer(), { minLength: 1 }), (seed, elements) => {
        const random = new Random(seed);
        const shuffled = random.shuffle(elements);
        expect(shuffled.toSorted((a, b) => a - b)).toEqual(elements.toSorted((a, b) => a - b));
        expect(elements).toContain(random.pick(elements));
      }),
    );
  });

  test('chance() of 0 is never and of 1 always', () => {
    const random = new Random(1);
    expect(Array.from({ length: 100 }, () => random.chance(0))).not.toContain(true);
    expect(Array.from({ length: 100 }, () => random.chance(1))).not.toContain(false);
  });
});

describe('backoffMs', () => {
  const backoff = { baseMs: 100, maxMs: 10_000 };

  test('never exceeds the ceiling, which grows up to the limit and stays there', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempt, chance) => {
          const ceiling = backoffCeilingMs(backoff, attempt);
          expect(backoffMs(backoff, attempt, chance)).toBeGreaterThanOrEqual(0);
          expect(backoffMs(backoff, attempt, chance)).toBeLessThanOrEqual(ceiling);
          expect(backoffCeilingMs(backoff, attempt + 1)).toBeGreaterThanOrEqual(ceiling);
          expect(ceiling).toBeLessThanOrEqual(backoff.maxMs);
        },
      ),
    );
  });

  test('doubles from the base unless another factor is given', () => {
    expect([1, 2, 3, 8].map((attempt) => backoffCeilingMs(backoff, attempt))).toEqual([
      100, 200, 400, 10_000,
    ]);
    expect(backoffCeilingMs({ ...backoff, factor: 3 }, 3)).toBe(900);
  });
});

describe('parseDurationMs', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['30d', 2_592_000_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    [' 2s ', 2_000],
    ['0', 0],
    ['', undefined],
    ['30', undefined],
    ['-5s', undefined],
    ['5 s', undefined],
    ['s', undefined],
    ['5s!', undefined],
    ['x5s', undefined],
    ['5weeks', undefined],
    ['99999999999999999d', undefined],
  ])('%j is %j', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });
});

describe('uuidV7', () => {
  const bytes = fc.uint8Array({ minLength: 10, maxLength: 16 });

  test('is version 7, and later ids sort later', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 2 ** 45 }),
        fc.integer({ min: 1, max: 2 ** 40 }),
        bytes,
        bytes,
        (now, later, a, b) => {
          const [first, second] = [uuidV7(now, a), uuidV7(now + later, b)];
          expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
          expect(first < second).toBe(true);
        },
      ),
    );
  });

  test('carries the milliseconds of RFC 9562, appendix A.6', () => {
    const random = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
    expect(uuidV7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  test('the same hash gives the same id, of version 8', () => {
    const id = uuidFromHash(sha256Hex('said twice'));
    expect(id).toBe(uuidFromHash(sha256Hex('said twice')));
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(id).not.toBe(uuidFromHash(sha256Hex('said once')));
  });
});

describe('canonicalJson', () => {
  test('does not depend on the order of keys, at any depth', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: undefined })).toBe('{"b":[{"c":2,"d":1}]}');
    expect(canonicalJson(undefined)).toBe('null');
  });
});

describe('truncateUtf8', () => {
  const text = fc.string({ unit: 'grapheme-composite' });

  test('gives a prefix that fits, and the whole when it fits', () => {
    fc.assert(
      fc.property(text, fc.nat(60), (whole, bytesMax) => {
        const cut = truncateUtf8(whole, bytesMax);
        expect(whole.startsWith(cut.text)).toBe(true);
        expect(Buffer.byteLength(cut.text)).toBeLessThanOrEqual(bytesMax);
        expect(cut.truncated).toBe(Buffer.byteLength(whole) > bytesMax);
        expect(cut.text.isWellFormed()).toBe(true);
      }),
    );
  });

  test('never splits a code point', () => {
    expect(truncateUtf8('a🥁b', 4)).toEqual({ text: 'a', truncated: true });
    expect(truncateUtf8('a🥁b', 5)).toEqual({ text: 'a🥁', truncated: true });
  });
});
