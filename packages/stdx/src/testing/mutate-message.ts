import { type Random } from '../random.ts';

const CHANGES_MAX = 2;
const DEPTH = 2_000;
const LONG = 'x'.repeat(5_000);
const deep = (): unknown => JSON.parse('['.repeat(DEPTH) + ']'.repeat(DEPTH));

/** Values at an edge of what a field may be, and far beyond it. */
const EDGES: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => 0,
  () => -0,
  () => -1,
  () => 0.5,
  () => 1e308,
  () => 2 ** 53 - 1,
  () => 2 ** 53,
  () => 2 ** 63,
  () => '',
  () => ' ',
  () => '0',
  () => 'a\u0000b\u{1F600}\uD800',
  () => '../../*.>',
  () => LONG,
  () => [],
  () => ({}),
  () => Array.from({ length: 200 }, () => 'a'),
  deep,
];
const STRANGE_KEYS = ['__proto__', 'constructor', 'toString', 'extra', ''];

type Tree = Record<string, unknown>;

/**
 * A message as somebody hostile or broken would send it: fields dropped, renamed, replaced by edge values or by one another, and now
 * and then bytes cut, flipped or added. About every tenth stays as it was, so that what is sound is seen to be taken.
 */
export function mutateMessage(random: Random, sample: unknown): Uint8Array {
  if (random.chance(0.001))
    return Buffer.from(random.pick(['['.repeat(100_000), '9'.repeat(100_000), '', 'null']));
  const tree = structuredClone(sample);
  for (let change = random.int(0, CHANGES_MAX); change > 0; change -= 1) changeTree(random, tree);
  const bytes = Buffer.from(JSON.stringify(tree));
  return random.chance(0.2) ? changeBytes(random, bytes) : bytes;
}

function changeTree(random: Random, tree: unknown): void {
  const place = somewhere(random, tree);
  if (place === undefined) return;
  const { holder, key } = place;
  const kind = random.pick(['edge', 'edge', 'drop', 'rename', 'add', 'copy', 'nudge', 'nudge'] as const);
  if (kind === 'edge') holder[key] = random.pick(EDGES)();
  else if (kind === 'drop') delete holder[key];
  else if (kind === 'add') define(holder, random.pick(STRANGE_KEYS), random.pick(EDGES)());
  else if (kind === 'copy') holder[key] = structuredClone(holder[random.pick(Object.keys(holder))]);
  else if (kind === 'nudge') holder[key] = nudged(random, holder[key]);
  else {
    define(holder, random.pick(STRANGE_KEYS), holder[key]);
    delete holder[key];
  }
}

/** As JSON.parse does it: an own property, whatever its name. */
function define(holder: Tree, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/** A value of the same kind beside the old one. */
function nudged(random: Random, value: unknown): unknown {
  if (typeof value === 'number') return value + random.pick([-1, 1, 0.5, 1e6]);
  if (typeof value === 'boolean') return !value;
  if (typeof value !== 'string' || value === '') return value;
  const at = random.int(0, value.length - 1);
  return value.slice(0, at) + String.fromCharCode(random.int(32, 126)) + value.slice(at + 1);
}

function somewhere(random: Random, tree: unknown): { holder: Tree; key: string } | undefined {
  const places: { holder: Tree; key: string }[] = [];
  const visit = (node: unknown, levels: number): void => {
    if (typeof node !== 'object' || node === null || levels === 0) return;
    for (const [key, value] of Object.entries(node)) {
      places.push({ holder: node as Tree, key });
      visit(value, levels - 1);
    }
  };
  visit(tree, 4);
  return places.length === 0 ? undefined : random.pick(places);
}

function changeBytes(random: Random, bytes: Buffer): Buffer {
  const at = random.int(0, Math.max(0, bytes.byteLength - 1));
  const kind = random.pick(['cut', 'flip', 'insert', 'repeat', 'mark'] as const);
  if (kind === 'cut') return bytes.subarray(0, at);
  if (kind === 'mark') return Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), bytes]);
  if (kind === 'repeat') return Buffer.concat([bytes, bytes.subarray(at)]);
  if (kind === 'insert') {
    return Buffer.concat([bytes.subarray(0, at), Buffer.of(random.int(0, 255)), bytes.subarray(at)]);
  }
  const copy = Buffer.from(bytes);
  if (copy.byteLength > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.int(0, 7));
  return copy;
}
