/** One paragraph of a scenario file: a command, its input lines, what it printed when the file was written. */
export interface Block {
  readonly line: number;
  /** Comments and blank lines before the command. */
  readonly preface: string;
  readonly command: string;
  readonly positional: readonly string[];
  readonly named: ReadonlyMap<string, string>;
  readonly text: string;
  readonly expected: string;
}

const SEPARATOR = '----';
const ARGUMENT = /([\w-]+)=\(([^)]*)\)|([\w-]+)=(\S+)|(\S+)/g;

function parseCommand(text: string): Pick<Block, 'command' | 'positional' | 'named'> {
  const positional: string[] = [];
  const named = new Map<string, string>();
  for (const [, listName, list, name, value, word] of text.matchAll(ARGUMENT)) {
    if (listName !== undefined) named.set(listName, list ?? '');
    else if (name !== undefined) named.set(name, value ?? '');
    else if (word !== undefined) positional.push(word);
  }
  const [command = '', ...rest] = positional;
  return { command, positional: rest, named };
}

/** Reads the paragraph format: command, input, `----`, output up to a blank line (or up to a doubled `----`). */
export function parseScript(file: string): readonly Block[] {
  const lines = file.split('\n');
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const start = at;
    while (at < lines.length && (lines[at]?.trim() === '' || lines[at]?.startsWith('#'))) at += 1;
    if (at >= lines.length) break;
    const commandAt = at;
    while (at < lines.length && lines[at] !== SEPARATOR) at += 1;
    const head = lines.slice(commandAt, at);
    at += 1;
    const doubled = lines[at] === SEPARATOR;
    if (doubled) at += 1;
    const outputAt = at;
    const ends = (): boolean =>
      doubled ? lines[at] === SEPARATOR && lines[at + 1] === SEPARATOR : lines[at] === '';
    while (at < lines.length && !ends()) at += 1;
    const expected = lines.slice(outputAt, at).join('\n');
    if (doubled) at += 2;
    blocks.push({
      line: commandAt + 1,
      preface: lines.slice(start, commandAt).join('\n'),
      ...parseCommand(head[0] ?? ''),
      text: head.join('\n'),
      expected,
    });
  }
  return blocks;
}
