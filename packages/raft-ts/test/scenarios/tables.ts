import { type NodeId, quorumValue, voteOutcome, type VoterGroups } from '../../src/index.ts';
import { type Block, parseScript } from './script.ts';

const OUTCOME_NAMES = { won: 'VoteWon', pending: 'VotePending', lost: 'VoteLost' } as const;

function list(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
}

function groupsOf(block: Block): VoterGroups {
  const first = list(block.named.get('cfg')).map(Number);
  const second = block.named.get('cfgj');
  if (second === undefined) return [first];
  return [first, second === 'zero' ? [] : list(second).map(Number)];
}

/** Values are listed in the order in which the voters are first named; `_` stands for none. */
function valuesById(groups: VoterGroups, values: readonly string[]): ReadonlyMap<NodeId, string> {
  const ids = [...new Set(groups.flat())];
  const known = ids.map((id, at) => [id, values[at] ?? '_'] as const);
  return new Map(known.filter(([, value]) => value !== '_'));
}

function resultOf(block: Block): string | undefined {
  const groups = groupsOf(block);
  if (block.command === 'vote') {
    const votes = valuesById(groups, list(block.named.get('votes')));
    return OUTCOME_NAMES[voteOutcome(groups, (id) => (votes.has(id) ? votes.get(id) === 'y' : undefined))];
  }
  if (block.command !== 'committed') return undefined;
  const indices = valuesById(groups, list(block.named.get('idx')));
  const value = quorumValue(groups, (id) => Number(indices.get(id) ?? 0));
  return value === Number.POSITIVE_INFINITY ? '∞' : String(value);
}

export interface TableTally {
  readonly agree: number;
  readonly of: number;
  readonly unsupported: number;
  readonly differences: readonly { line: number; expected: string; actual: string }[];
}

/** Tables of pure functions: each block's last line is the result. */
export function compareTable(file: string): TableTally {
  let [agree, of, unsupported] = [0, 0, 0];
  const differences: { line: number; expected: string; actual: string }[] = [];
  for (const block of parseScript(file)) {
    const actual = resultOf(block);
    if (actual === undefined) {
      unsupported += 1;
      continue;
    }
    const last = block.expected.trimEnd().split('\n').at(-1) ?? '';
    // The drawing of an empty group shares its line with the result.
    const expected = last.replace(/^<.*>/, '');
    of += 1;
    if (expected === actual) agree += 1;
    else differences.push({ line: block.line, expected, actual });
  }
  return { agree, of, unsupported, differences };
}
