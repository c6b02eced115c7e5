import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '@whoosh/config';
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml';
import { Score } from './domain/score.ts';
import { scoreProblems } from './domain/score-problems.ts';

const DEFAULT_SCORE = fileURLToPath(new URL('../scores/default.yaml', import.meta.url));
const SCORE_BYTES_MAX = 64 * 1024;

/** Reads a score; a broken one is refused with the key, its line and column, and what would be right. */
export async function readScore(path = DEFAULT_SCORE): Promise<Score> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError([`the score ${path} cannot be read (${cause.code ?? cause.message})`]);
  });
  return parseScore(text, path);
}

/** @param file what the messages call it */
export function parseScore(text: string, file: string): Score {
  if (text.length > SCORE_BYTES_MAX)
    throw new ConfigError([`${file} is larger than ${SCORE_BYTES_MAX} bytes`]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(({ pos, message }) => `${placeOf(file, pos[0], lines)}: no YAML: ${message}`),
    );
  }
  const value: unknown = document.toJS();
  const read = Score.safeParse(value);
  if (read.success) return read.data;
  throw new ConfigError(
    scoreProblems(read.error, value).map(
      ({ path, message }) => `${placeOf(file, offsetOf(document, path), lines)}: ${message}`,
    ),
  );
}

/** Where a key stands, or else the nearest section around it. */
function offsetOf(document: Document, path: readonly string[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const parent: unknown =
      length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (!isMap(parent)) continue;
    const pair = parent.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === path[length - 1],
    );
    if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
  }
  return 0;
}

function placeOf(file: string, offset: number, lines: LineCounter): string {
  const { line, col } = lines.linePos(offset);
  return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
}
