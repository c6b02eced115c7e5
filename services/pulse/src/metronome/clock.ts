import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hlc, nodeSuffix } from 'hlc-ts';

const FILE = 'hlc-bound';

/**
 * The hybrid logical clock of this node. Its bound is kept beside the log, so that it does not go back over a restart
 * even when the wall clock does. The bound is not synced: a power cut costs at most the step of a quarter second.
 */
export function openClock(directory: string, node: string): Hlc {
  const path = join(directory, FILE);
  return new Hlc({
    physicalMs: () => Date.now(),
    node: nodeSuffix(node),
    initialUpperBoundMs: readBound(path),
    persistUpperBound: (boundMs) => writeFileSync(path, String(boundMs)),
  });
}

function readBound(path: string): number {
  try {
    const bound = Number(readFileSync(path, 'utf8'));
    return Number.isSafeInteger(bound) && bound >= 0 ? bound : 0;
  } catch {
    // The first start, or a file that was taken away: the wall clock is all there is.
    return 0;
  }
}
