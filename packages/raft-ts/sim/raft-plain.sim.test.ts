import { numberOf, testSeeds } from './seeds.ts';

/** The settings we ship, under faults; `SIM_PLAIN_SEEDS=count` chooses how many. */
testSeeds({ kind: 'plain', first: 1, count: numberOf('SIM_PLAIN_SEEDS', 10_000), committedMin: 4 });
