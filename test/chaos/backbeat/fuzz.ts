/**
 * `make chaos PART=fuzz`: `COUNT` (1,000,000) mutated frames and messages from `SEED` on, shared among those who read them: Raft's wire and
 * log, the contracts, the SDK's fence and clocks, reverb's claims. None may throw what it does not announce, take what its schema
 * refuses, or keep what it has read.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fuzz, type FuzzTarget } from '@whoosh/stdx/testing';

type Targets = Readonly<Record<string, () => FuzzTarget>>;

const seed = Number(process.env['SEED'] ?? 1);
const count = Number(process.env['COUNT'] ?? 1_000_000);
const GROWN_BYTES_MAX = 20 * 2 ** 20;
/** Each is the concern of its package, and has a test there with a small count. */
const READERS = [
  { file: 'packages/raft-ts/test/fuzz/targets.ts', share: 0.4 },
  { file: 'packages/contracts/test/fuzz/targets.ts', share: 0.3 },
  { file: 'packages/backbeat-sdk/test/fuzz/targets.ts', share: 0.1 },
  { file: 'services/reverb/sim/fuzz-targets.ts', share: 0.2 },
] as const;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

let failed = 0;
for (const { file, share } of READERS) {
  const { TARGETS } = (await import(`../../../${file}`)) as { TARGETS: Targets };
  const each = Math.ceil((count * share) / Object.keys(TARGETS).length);
  for (const [name, target] of Object.entries(TARGETS)) {
    try {
      // Compiled schemas and the like are no growth.
      fuzz(name, target(), seed, 100);
      const before = heapBytes();
      const taken = fuzz(name, target(), seed, each);
      const grown = heapBytes() - before;
      if (grown > GROWN_BYTES_MAX) throw new Error(`${name} keeps ${grown} bytes`);
      console.log(`  ok   ${name}: ${taken} of ${each} taken, ${Math.round(grown / 1_024)} kB kept`);
    } catch (cause) {
      failed += 1;
      console.log(`  FAIL ${name}: replay with make chaos PART=fuzz SEED=${seed} COUNT=${count}\n`, cause);
    }
  }
}
process.exit(failed === 0 ? 0 : 1);
