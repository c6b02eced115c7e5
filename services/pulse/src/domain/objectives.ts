/** Over this time an objective is judged. */
const JUDGED_MS = 5 * 60_000;
/** BACKBEAT-PER-001: a beat is heard within 100 ms. */
export const DELIVERY_MAX_MS = 100;
/** A beat is sent within 20 ms of its grid time. */
export const JITTER_MAX_MS = 20;
/** This part of the beats must be within. */
const QUANTILE = 0.95;
/** Five minutes at 1 000 BPM. */
const JUDGED_MAX = 5_000;

export const SLOS = ['delivery', 'jitter'] as const;
export type Slo = (typeof SLOS)[number];

const LIMIT_MS: Readonly<Record<Slo, number>> = { delivery: DELIVERY_MAX_MS, jitter: JITTER_MAX_MS };

interface Judged {
  readonly atMs: number;
  readonly isMet: boolean;
}

/** Whether the beats that this node sent in the last five minutes kept the service's objectives. */
export class Objectives {
  readonly #beats: Record<Slo, Judged[]> = { delivery: [], jitter: [] };

  add(slo: Slo, ms: number, nowMs: number): void {
    const beats = this.#beats[slo];
    beats.push({ atMs: nowMs, isMet: Math.abs(ms) <= LIMIT_MS[slo] });
    while (beats.length > JUDGED_MAX || nowMs - (beats[0]?.atMs ?? nowMs) > JUDGED_MS) beats.shift();
  }

  met(nowMs: number): Record<Slo, boolean> {
    return { delivery: this.#isMet('delivery', nowMs), jitter: this.#isMet('jitter', nowMs) };
  }

  #isMet(slo: Slo, nowMs: number): boolean {
    const recent = this.#beats[slo].filter(({ atMs }) => nowMs - atMs <= JUDGED_MS);
    return recent.filter(({ isMet }) => !isMet).length <= (1 - QUANTILE) * recent.length;
  }
}
