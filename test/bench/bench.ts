/**
 * `make bench`: measures every row beside its baseline in the same run and writes docs/BENCHMARKS.md; `make bench ROW=M1` one alone. The
 * last line is one JSON object `{row, figures, baseline, aim, met}`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { alone } from './backbeat/alone-row.ts';
import { barReports } from './backbeat/bar-report-row.ts';
import { brokerLoss } from './backbeat/broker-loss-row.ts';
import { claimsThroughReverb } from './backbeat/claims-row.ts';
import { raftCommit } from './backbeat/commit-row.ts';
import { delivery } from './backbeat/delivery-row.ts';
import { killedLeader } from './backbeat/election-row.ts';
import { frozenLeader } from './backbeat/frozen-leader-row.ts';
import { metronomeJitter } from './backbeat/jitter-row.ts';
import { memory } from './backbeat/memory-row.ts';
import { takeOver } from './backbeat/take-over-row.ts';
import { taskToTeam, webhookToCouncil } from './main-job-rows.ts';
import { type Figures, type Measured, type Row } from './row.ts';
import { coldStart, install } from './start-rows.ts';
import { StolenTime } from './stolen-time.ts';

const ROWS: readonly Row[] = [
  webhookToCouncil,
  taskToTeam,
  coldStart,
  install,
  killedLeader,
  takeOver,
  frozenLeader,
  metronomeJitter,
  delivery,
  brokerLoss,
  claimsThroughReverb,
  barReports,
  memory,
  alone,
  raftCommit,
];
const FILE = fileURLToPath(new URL('../../docs/BENCHMARKS.md', import.meta.url));

const wanted = process.env['ROW'] ?? '';
const rows = wanted === '' ? ROWS : ROWS.filter(({ name }) => name === wanted);
if (rows.length === 0) {
  console.error(`no row '${wanted}'; there are ${ROWS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

for (const row of rows) {
  console.log(`${row.name}: ${row.what}`);
  const stolen = new StolenTime();
  const measured = await row.measure();
  write(row, measured, stolen.percent);
  console.log(
    JSON.stringify({
      row: row.name,
      figures: measured.figures,
      baseline: measured.baseline,
      aim: row.aim,
      met: measured.met ?? null,
    }),
  );
}
process.exit(0);

/** Replaces the row's line between the marks of the document, or adds it. */
function write(row: Row, measured: Measured, stolenPercent: number | undefined): void {
  const begin = `<!-- row:${row.name} -->`;
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform}${stolenPercent === undefined ? '' : `; ${stolenPercent} % of the processor time was the host’s`}`;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const verdict = measured.met === undefined ? '–' : measured.met ? 'met' : 'missed';
  const text = `${begin} | ${row.name} | ${row.what} | ${figures(measured.figures)} | ${row.baseline}: ${figures(measured.baseline)} | ${row.aim} | ${verdict}${measured.note === undefined ? '' : `: ${measured.note}`} | \`make bench ROW=${row.name}\` at ${commit}; ${machine} |`;
  const lines = readFileSync(FILE, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes(begin));
  const line = text.replace(`${begin} `, '') + ` ${begin}`;
  if (at >= 0) lines[at] = line;
  else lines.splice(lines.findLastIndex((known) => known.startsWith('|')) + 1, 0, line);
  writeFileSync(FILE, lines.join('\n'));
}

function figures(values: Figures): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
