import { Environment, Unsupported } from './environment.ts';
import { type Block, parseScript } from './script.ts';

export interface Difference {
  readonly line: number;
  readonly level: 'state' | 'messages';
  readonly expected: string;
  readonly actual: string;
}

export interface Tally {
  readonly blocks: number;
  /** Blocks after and including the first command that is not offered. */
  readonly unsupported: number;
  readonly reason: string | undefined;
  readonly state: { agree: number; of: number };
  readonly messages: { agree: number; of: number };
  readonly differences: readonly Difference[];
}

const LOG_LINE = /^\s*(DEBUG|INFO|WARN|ERROR|FATAL|PANIC) /;
const MESSAGE_LINE = /^\s*(dropped: )?\d+->\d+ Msg/;

interface Parts {
  readonly state: readonly string[];
  readonly messages: readonly string[];
}

/** Splits an output into what it says of the nodes and what it says of messages; log lines are neither. */
function partsOf(output: string): Parts {
  const state: string[] = [];
  const messages: string[] = [];
  let open = false;
  for (const raw of output.split('\n')) {
    const line = raw.trim();
    if (line === '' || LOG_LINE.test(raw)) continue;
    const continues = open || line.startsWith('Snapshot: ');
    if (MESSAGE_LINE.test(raw)) messages.push(line);
    else if (continues) messages.push(`${messages.pop() ?? ''} ${line}`);
    // Whether a flush is due is the caller's matter and stricter here for snapshots; titles follow the order of work.
    else if (!/^(Ready MustSync=|Messages:$|ok$|> \d+ )/.test(line)) state.push(line);
    open = (MESSAGE_LINE.test(raw) && line.endsWith('Entries:[')) || (open && line !== ']');
  }
  return { state, messages: messages.toSorted() };
}

/** Runs one scenario file against a new cluster. */
export function compareScenario(file: string): Tally {
  const environment = new Environment();
  const blocks = parseScript(file);
  const state = { agree: 0, of: 0 };
  const messages = { agree: 0, of: 0 };
  const differences: Difference[] = [];
  for (const [at, block] of blocks.entries()) {
    let output: string;
    try {
      output = environment.run(block);
    } catch (cause) {
      if (!(cause instanceof Unsupported)) throw new Error(`line ${block.line}: ${block.text}`, { cause });
      const unsupported = blocks.length - at;
      return { blocks: blocks.length, unsupported, reason: cause.message, state, messages, differences };
    }
    const [want, got] = [partsOf(block.expected), partsOf(output)];
    state.of += 1;
    if (same(want.state, got.state)) state.agree += 1;
    else differences.push(difference(block, 'state', want, got));
    if (want.messages.length + got.messages.length === 0) continue;
    messages.of += 1;
    if (same(want.messages, got.messages)) messages.agree += 1;
    else differences.push(difference(block, 'messages', want, got));
  }
  return { blocks: blocks.length, unsupported: 0, reason: undefined, state, messages, differences };
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((line, at) => line === right[at]);
}

function difference(block: Block, level: Difference['level'], want: Parts, got: Parts): Difference {
  return { line: block.line, level, expected: want[level].join('\n'), actual: got[level].join('\n') };
}

/** The file with the output that our cluster gives; what is written when scenarios are made anew. */
export function rewriteScenario(file: string): string {
  const environment = new Environment();
  const paragraphs = parseScript(file).map((block) => {
    const preface = block.preface.trim();
    const output = environment.run(block);
    return `${preface}${preface === '' ? '' : '\n'}${block.text}\n----\n${output}\n`;
  });
  return paragraphs.join('\n');
}
