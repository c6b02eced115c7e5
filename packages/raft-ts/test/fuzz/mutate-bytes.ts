import { type Random } from '../../sim/random.ts';

const CHANGES_MAX = 3;
const INSERTED_MAX = 16;
/** Doubles and lengths that lie at an edge of something. */
const EDGES = [0, 1, 2, 3, 7, -0, -1, 255, 65_536, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 1e300, 0.5, Number.NaN];

/** Numbers most often: what any other change leaves is rarely taken for anything. */
const KINDS = [
  'number',
  'number',
  'number',
  'number',
  'bit',
  'byte',
  'cut',
  'repeat',
  'insert',
  'noise',
] as const;

/** A few random changes of the kinds that break decoders: bits, edge numbers, cuts, repeats, foreign bytes. */
export function mutateBytes(random: Random, bytes: Buffer): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let change = random.int(1, CHANGES_MAX); change > 0; change -= 1) result = changed(random, result);
  return result;
}

function changed(random: Random, bytes: Buffer): Buffer {
  const at = random.int(0, Math.max(0, bytes.byteLength - 1));
  const kind = random.pick(KINDS);
  if (kind === 'cut') return bytes.subarray(0, at);
  if (kind === 'repeat') return Buffer.concat([bytes.subarray(0, at), bytes.subarray(random.int(0, at))]);
  if (kind === 'insert') return Buffer.concat([bytes.subarray(0, at), noise(random), bytes.subarray(at)]);
  if (kind === 'noise') return noise(random);
  const copy = Buffer.from(bytes);
  if (kind === 'number' && copy.byteLength >= 8) {
    // Where the codec has its numbers, or anywhere.
    const aligned = random.chance(0.8) ? at - (at % 8) : at;
    copy.writeDoubleLE(random.pick(EDGES as [number, ...number[]]), Math.min(aligned, copy.byteLength - 8));
  } else if (copy.byteLength > 0) {
    copy[at] = kind === 'bit' ? (copy[at] ?? 0) ^ (1 << random.int(0, 7)) : random.int(0, 255);
  }
  return copy;
}

function noise(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random.int(0, INSERTED_MAX) }, () => random.int(0, 255)));
}
