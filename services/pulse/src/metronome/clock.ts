import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hlc, nodeSuffix } from 'hlc-ts';

const FILE = 'hlc-bound';

/**
 * The hybrid logical clock of this node. Its bound is kept beside the log, so that it does not go back over a restart
 * even when the wall clock does. It is replaced as a whole, so that a process killed at any moment leaves the old one or
 * the new one. It is not synced: that would hold up the thread just before a beat. A power cut may cost the last bounds,
 * and matters only where the wall clock went back as well. `onDamage` is told of a file without a bound in it.
 */
export function openClock(directory: string, node: string, onDamage: (problem: string) => void): Hlc {
  const path = join(directory, FILE);
  return new Hlc({
    physicalMs: () => Date.now(),
    node: nodeSuffix(node),
    initialUpperBoundMs: readBound(path, onDamage),
    persistUpperBound: (boundMs) => replaceFile(path, String(boundMs)),
  });
}

function replaceFile(path: string, text: string): void {
  const beside = `${path}.new`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

/** 0 at the first start. What is broken is replaced by when it was written: readings until then were made. */
function readBound(path: string, onDamage: (problem: string) => void): number {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw cause;
  }
  const bound = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(bound)) return bound;
  onDamage(`${path} holds no bound of the clock: it goes on from when the file was written`);
  return Math.ceil(statSync(path).mtimeMs);
}
