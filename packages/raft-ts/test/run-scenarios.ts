import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { compareScenario } from './scenarios/compare.ts';
import { parseScript } from './scenarios/script.ts';
import { compareTable } from './scenarios/tables.ts';

/**
 * Runs a folder of scenario files: `node test/run-scenarios.ts <folder> [--verbose]`. The last line is one JSON
 * object with what agrees; `unsupported` counts blocks that need commands this library does not offer.
 */
const [folder, flag] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: run-scenarios.ts <folder> [--verbose]');
  process.exit(2);
}

const TABLE_COMMANDS = new Set(['vote', 'committed', 'simple', 'enter-joint', 'leave-joint']);
const total = {
  state: { agree: 0, of: 0 },
  messages: { agree: 0, of: 0 },
  tables: { agree: 0, of: 0 },
  unsupported: { files: 0, blocks: 0 },
};

function add(sum: { agree: number; of: number }, part: { agree: number; of: number }): void {
  sum.agree += part.agree;
  sum.of += part.of;
}

function report(differences: readonly { line: number; expected: string; actual: string }[]): void {
  if (flag !== '--verbose') return;
  for (const { line, expected, actual } of differences) {
    console.log(`  line ${line}\n  expected:\n${expected}\n  actual:\n${actual}\n`);
  }
}

function unsupported(blocks: number): void {
  if (blocks === 0) return;
  total.unsupported.files += 1;
  total.unsupported.blocks += blocks;
}

const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.txt')).toSorted();
for (const name of names) {
  const path = join(folder, name);
  const content = await readFile(path, 'utf8');
  const title = relative(folder, path);
  if (parseScript(content).some((block) => TABLE_COMMANDS.has(block.command))) {
    const tally = compareTable(content);
    console.log(`${title}: tables ${tally.agree}/${tally.of}, not offered ${tally.unsupported}`);
    add(total.tables, tally);
    unsupported(tally.unsupported);
    report(tally.differences);
    continue;
  }
  const { blocks, state, messages, unsupported: left, reason, differences } = compareScenario(content);
  const rest = left === 0 ? '' : `, not offered ${left} of ${blocks} (${reason})`;
  console.log(`${title}: state ${state.agree}/${state.of}, messages ${messages.agree}/${messages.of}${rest}`);
  add(total.state, state);
  add(total.messages, messages);
  unsupported(left);
  report(differences);
}
console.log(JSON.stringify(total));
