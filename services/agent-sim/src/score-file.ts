import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '@whoosh/config';
import { parse } from 'yaml';
import { Score } from './domain/score.ts';

const DEFAULT_SCORE = fileURLToPath(new URL('../scores/default.yaml', import.meta.url));

/** Reads a score; a broken one is refused with the place and the rule. */
export async function readScore(path = DEFAULT_SCORE): Promise<Score> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError([`the score ${path} cannot be read (${cause.code ?? cause.message})`]);
  });
  const read = Score.safeParse(parsed(text, path));
  if (read.success) return read.data;
  throw new ConfigError(
    read.error.issues.map(({ path: at, message }) => `${path}: ${at.join('.')}: ${message}`),
  );
}

function parsed(text: string, path: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new ConfigError([`${path} is not YAML: ${(cause as Error).message}`]);
  }
}
