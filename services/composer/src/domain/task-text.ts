import { truncateUtf8 } from '@whoosh/stdx';

/** More of a body than this is not analysed; it is also what the decision keeps, so that it can be made again. */
export const ANALYSED_BODY_BYTES_MAX = 16 * 1024;

/** What an analysis starts from. Issue text is data: it is matched against fixed patterns and never interpreted. */
export interface TaskText {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
}

/** The text as the patterns see it: lower case, bounded, without what only looks like words. */
export interface ReadableText {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
}

const CODE_BLOCK = /```[^`]*(?:```|$)/g;
const COMMENT = /<!--[\s\S]*?(?:-->|$)/g;
const LINK = /\bhttps?:\/\/\S+/g;

export function analysedBody(body: string): string {
  return truncateUtf8(body, ANALYSED_BODY_BYTES_MAX).text;
}

export function readable({ title, body, labels }: TaskText): ReadableText {
  const prose = analysedBody(body).replace(CODE_BLOCK, ' ').replace(COMMENT, ' ').replace(LINK, ' ');
  return {
    title: title.toLowerCase(),
    body: prose.toLowerCase(),
    labels: labels.map((label) => label.toLowerCase()),
  };
}

/** The different words that a pattern finds, in their order, at most `max`. */
export function wordsFound(text: string, pattern: RegExp, max: number): string[] {
  const found = new Set<string>();
  for (const [word] of text.matchAll(pattern)) {
    found.add(word.trim());
    if (found.size === max) break;
  }
  return [...found];
}
