import { setPriority } from 'node:os';

/** Well before everything else of a machine, and behind what the kernel itself needs. */
const NICE = -10;

/**
 * Lets the calling thread wake before others that are ready to run: on a machine with more work than cores a beat
 * otherwise waits for the slice of whoever is running. On Linux niceness belongs to the thread, so nothing else of the
 * process gains. False where the process may not (in a container: the capability SYS_NICE).
 */
export function raisePriority(): boolean {
  try {
    setPriority(0, NICE);
    return true;
  } catch {
    return false;
  }
}
