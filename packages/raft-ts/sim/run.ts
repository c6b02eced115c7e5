import { type ProfileKind } from './profile.ts';
import { simulate } from './simulation.ts';

/** Seeds from the command line: `node sim/run.ts <first> <count> [plain|drawn]`; stops at the first that fails. */
const [first = '1', count = '1000', word = 'drawn'] = process.argv.slice(2);
const kind: ProfileKind = word === 'plain' ? 'plain' : 'drawn';
const from = Number(first);
const totals = { events: 0, leaders: 0, committed: 0 };
const startedAt = performance.now();
for (let seed = from; seed < from + Number(count); seed += 1) {
  try {
    const { events, leaders, committed } = simulate(seed, kind);
    totals.events += events;
    totals.leaders += leaders;
    totals.committed += committed;
  } catch (failure) {
    process.stderr.write(`${String(failure)}\nreplay: node packages/raft-ts/sim/run.ts ${seed} 1 ${kind}\n`);
    process.exit(1);
  }
}
const events_per_s = Math.round((1_000 * totals.events) / (performance.now() - startedAt));
process.stdout.write(`${JSON.stringify({ kind, seeds: Number(count), ...totals, events_per_s })}\n`);
