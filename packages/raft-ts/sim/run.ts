import { simulate } from './simulation.ts';

/** Seeds from the command line: `node sim/run.ts <first> <count>`; stops at the first that fails. */
const [first = '1', count = '1000'] = process.argv.slice(2);
const from = Number(first);
const totals = { events: 0, leaders: 0, committed: 0 };
for (let seed = from; seed < from + Number(count); seed += 1) {
  try {
    const { events, leaders, committed } = simulate(seed);
    totals.events += events;
    totals.leaders += leaders;
    totals.committed += committed;
  } catch (failure) {
    process.stderr.write(
      `${String(failure)}\nreplay: SIM_SEED=${seed} npx vitest run --project unit packages/raft-ts/sim\n`,
    );
    process.exit(1);
  }
}
process.stdout.write(`${JSON.stringify({ seeds: Number(count), ...totals })}\n`);
