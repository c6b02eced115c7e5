import { numberOf, testSeeds } from './seeds.ts';

/** Parameters drawn per seed; `SIM_SEEDS=count` and `SIM_FROM=first` choose how many and which. */
testSeeds({
  kind: 'drawn',
  first: numberOf('SIM_FROM', 1),
  count: numberOf('SIM_SEEDS', 500),
  committedMin: 5,
});
