import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { code, type Introduction, type Proofs } from './handshake.ts';
import { agreedSecret, answeredSecret, proofsUnder, type Secrets } from './secrets.ts';

const who: Introduction = {
  digest: Buffer.alloc(32, 1),
  from: 'n1',
  to: 'n2',
  listenerNonce: Buffer.alloc(16, 2),
  dialerNonce: Buffer.alloc(16, 3),
};

/** What both ends speak under, in the end; `undefined` when one of them hangs up. */
function spoken(dialer: Secrets, listener: Secrets, onTheWay = (given: Proofs): Proofs => given) {
  const agreed = agreedSecret(listener, who, onTheWay(proofsUnder(dialer, who)));
  if (agreed === undefined) return undefined;
  const answered = answeredSecret(dialer, who, code(agreed, 'listener', who));
  return answered === agreed ? agreed : expect.unreachable(`${agreed} was answered as ${answered}`);
}

const OLD: Secrets = { current: 'old', previous: undefined };
const BOTH: Secrets = { current: 'new', previous: 'old' };
const NEW: Secrets = { current: 'new', previous: undefined };
const AHEAD: Secrets = { current: 'old', previous: 'new' };

const few = fc.constantFrom('a', 'b', 'c', 'd');
const secrets: fc.Arbitrary<Secrets> = fc
  .record({ current: few, previous: fc.option(few, { nil: undefined }) })
  .filter(({ current, previous }) => current !== previous);

describe('while a cluster is moved from one secret to the next', () => {
  test.each([
    { dialer: OLD, listener: OLD, under: 'old' },
    { dialer: OLD, listener: BOTH, under: 'old' },
    { dialer: BOTH, listener: OLD, under: 'old' },
    { dialer: BOTH, listener: BOTH, under: 'new' },
    { dialer: BOTH, listener: NEW, under: 'new' },
    { dialer: NEW, listener: BOTH, under: 'new' },
    { dialer: NEW, listener: NEW, under: 'new' },
    { dialer: OLD, listener: NEW, under: undefined },
    { dialer: NEW, listener: OLD, under: undefined },
    // The other way round works as well: the next secret is made known first.
    { dialer: AHEAD, listener: OLD, under: 'old' },
    { dialer: AHEAD, listener: BOTH, under: 'new' },
    { dialer: BOTH, listener: AHEAD, under: 'old' },
    { dialer: AHEAD, listener: NEW, under: 'new' },
    // A rotation begun while the one before it still runs reaches one step far.
    { dialer: { current: 'newer', previous: 'new' }, listener: BOTH, under: 'new' },
    { dialer: { current: 'newer', previous: 'old' }, listener: BOTH, under: undefined },
  ])('$dialer.current ($dialer.previous) → $listener.current ($listener.previous): $under', (row) => {
    expect(spoken(row.dialer, row.listener)).toBe(row.under);
  });

  test('two speak under a secret that both know and one has as its own, in both directions or in none', () => {
    fc.assert(
      fc.property(secrets, secrets, (dialer, listener) => {
        const known = [dialer.current, dialer.previous].filter(
          (each) => each === listener.current || each === listener.previous,
        );
        const possible = known.filter((each) => each === dialer.current || each === listener.current);
        const under = spoken(dialer, listener);
        if (possible.length === 0) expect(under).toBeUndefined();
        else expect(under).toBe(possible.includes(listener.current) ? listener.current : dialer.current);
        expect(spoken(listener, dialer) === undefined).toBe(under === undefined);
      }),
      { numRuns: 500 },
    );
  });
});

describe('who knows neither secret', () => {
  const noise = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
  /** In each place of the proofs: what was there, what was in the other place, anything, or (in the second) nothing. */
  const place = fc.oneof(fc.constantFrom('current' as const, 'previous' as const), noise);
  const put = (given: Proofs, what: 'current' | 'previous' | Buffer): Buffer | undefined =>
    typeof what === 'string' ? given[what] : what;

  test('and meddles with the proofs brings two nodes to what they had agreed on, or to nothing', () => {
    fc.assert(
      fc.property(
        secrets,
        secrets,
        place,
        fc.option(place, { nil: undefined }),
        (dialer, listener, first, second) => {
          const under = spoken(dialer, listener, (given) => ({
            current: put(given, first) ?? Buffer.alloc(32),
            previous: second === undefined ? undefined : put(given, second),
          }));
          expect([undefined, spoken(dialer, listener)]).toContain(under);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test.each<[string, (given: Proofs) => Proofs]>([
    ['leaves the previous proof out', ({ current }) => ({ current, previous: undefined })],
    ['spoils the current proof', ({ previous }) => ({ current: Buffer.alloc(32), previous })],
    [
      'offers the previous proof as the current one',
      ({ previous }) => ({ current: previous ?? Buffer.alloc(32), previous: undefined }),
    ],
    [
      'exchanges the two',
      ({ current, previous }) => ({ current: previous ?? Buffer.alloc(32), previous: current }),
    ],
  ])('and %s does not bring two nodes back to the old secret', (_what, meddle) => {
    expect(spoken(BOTH, BOTH, meddle)).toBeUndefined();
  });

  test('cannot hand a dialer its own proofs back, nor what was said on another connection', () => {
    const given = proofsUnder(BOTH, who);
    expect(answeredSecret(BOTH, who, given.current)).toBeUndefined();
    expect(answeredSecret(BOTH, who, given.previous ?? Buffer.alloc(32))).toBeUndefined();
    for (const other of [
      { ...who, listenerNonce: Buffer.alloc(16, 9) },
      { ...who, dialerNonce: Buffer.alloc(16, 9) },
      { ...who, from: 'n3' },
      { ...who, digest: Buffer.alloc(32, 9) },
    ]) {
      for (const listener of [OLD, BOTH, NEW]) expect(agreedSecret(listener, other, given)).toBeUndefined();
      expect(answeredSecret(BOTH, other, code('new', 'listener', who))).toBeUndefined();
    }
  });
});
