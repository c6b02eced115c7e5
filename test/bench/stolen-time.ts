import { readFileSync } from 'node:fs';

interface Ticks {
  readonly busy: number;
  readonly stolen: number;
}

/** Of a virtual machine; undefined where the system does not tell. */
function ticks(): Ticks | undefined {
  try {
    const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
    // proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal; the guests are part of the first two.
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = first
      .split(/\s+/)
      .slice(1)
      .map(Number);
    return { busy: user + nice + system + irq + softirq, stolen };
  } catch {
    return undefined;
  }
}

/** What the host gave to others of the processor time that was wanted here since the start, in per cent. */
export class StolenTime {
  readonly #since = ticks();

  get percent(): number | undefined {
    const now = ticks();
    if (now === undefined || this.#since === undefined) return undefined;
    const stolen = now.stolen - this.#since.stolen;
    const wanted = stolen + now.busy - this.#since.busy;
    return wanted === 0 ? 0 : Math.round((stolen / wanted) * 1_000) / 10;
  }
}
