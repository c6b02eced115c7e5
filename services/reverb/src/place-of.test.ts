import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeOf } from './place-of.ts';

test('reads every form of the subject, exactly', () => {
  const sequence = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
  const ms = fc.integer({ min: 1_000_000_000_000, max: 4_000_000_000_000 });
  const form = fc.constantFrom(
    ['$JS.ACK.S.c', ''],
    ['$JS.ACK._.h4sh.S.c', ''],
    ['$JS.ACK.d.h4sh.S.c', '.r4nd0m'],
  );
  fc.assert(
    fc.property(
      form,
      sequence,
      sequence,
      ms,
      sequence,
      ([before, behind], stream, consumer, storedAtMs, pending) => {
        const reply = `${before}.1.${stream}.${consumer}.${storedAtMs}999999.${pending}${behind}`;
        expect(placeOf(reply)).toEqual({ sequence: stream, consumerSequence: consumer, storedAtMs, pending });
      },
    ),
  );
});
