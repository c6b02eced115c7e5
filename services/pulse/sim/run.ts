import { Concert } from './concert.ts';

/** Seeds from the command line: `node services/pulse/sim/run.ts <first> <count>`; stops at the first that fails. */
const [first = '0', count = '1000'] = process.argv.slice(2);
const from = Number(first);
const totals = { beats: 0, elections: 0 };
for (let seed = from; seed < from + Number(count); seed += 1) {
  const { beats, elections, violations } = new Concert(seed).play();
  if (violations.length > 0) {
    process.stderr.write(`${violations.join('\n')}\nreplay: node services/pulse/sim/run.ts ${seed} 1\n`);
    process.exit(1);
  }
  totals.beats += beats;
  totals.elections += elections;
}
process.stdout.write(`${JSON.stringify({ concerts: Number(count), ...totals })}\n`);
