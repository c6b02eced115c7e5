import { describe, expect, it } from 'vitest';
import { cutTitle } from '../domain/title.ts';
import { marshalIndent, marshalLine } from './go-json.ts';
import { encodeQuery, queryEscape } from './go-query.ts';
import { parseRfc3339, rfc3339 } from './go-time.ts';

describe('Go on the wire', () => {
  it('escapes markup inside JSON strings', () => {
    expect(marshalLine({ a: '<&>\u2028ä' })).toBe('{"a":"\\u003c\\u0026\\u003e\\u2028ä"}\n');
    expect(marshalIndent({ a: [1], b: [] })).toBe('{\n  "a": [\n    1\n  ],\n  "b": []\n}');
  });

  it('escapes and sorts queries', () => {
    expect(queryEscape("a b+c:'(ä)")).toBe('a+b%2Bc%3A%27%28%C3%A4%29');
    expect(encodeQuery(new URLSearchParams('z=1&a=2&z=0'))).toBe('a=2&z=1&z=0');
  });

  it.each([
    ['2026-11-21T02:35:00Z', 1795228500],
    ['2026-11-21T03:35:00+01:00', 1795228500],
    ['2026-11-21T02:35:00.9Z', 1795228500],
  ])('reads %s', (text, atS) => {
    expect(parseRfc3339(text)).toEqual({ ok: true, atS });
    expect(rfc3339(atS)).toBe('2026-11-21T02:35:00Z');
  });

  it.each(['', '2026', '2026-13-01T00:00:00Z', '2026-11-21T02:35:00Zx', '2026-11-21 02:35:00Z'])(
    'refuses %j',
    (text) => {
      expect(parseRfc3339(text).ok).toBe(false);
    },
  );

  it.each([
    ['t'.repeat(255), 't'.repeat(255)],
    ['t'.repeat(256), `${'t'.repeat(252)}…`],
    ['🚚'.repeat(64), `${'🚚'.repeat(63)}…`],
  ])('cuts titles at 255 bytes, between characters', (title, cut) => {
    expect(cutTitle(title)).toBe(cut);
  });
});
