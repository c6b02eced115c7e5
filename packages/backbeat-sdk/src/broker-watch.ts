import { type BeatLink, type LinkLog } from './beat-link.ts';
import { WaitLine } from './domain/wait-line.ts';

/** Where a process says what it is missing; `readiness` of our services, or whatever stands behind a health page. */
export interface ReadinessChecks {
  check(name: string, check: () => true | string): void;
}

/** The name of the broker among the checks. */
export const BROKER_CHECK = 'nats';

export interface BrokerWatchOptions {
  /** The servers, as people may read them. */
  readonly names: string;
  readonly log: LinkLog | undefined;
  readonly nowMs: () => number;
}

/** What is known of the broker of one link, from the first try on: for the log, and for whoever asks. */
export class BrokerWatch {
  readonly #options: BrokerWatchOptions;
  readonly #line: WaitLine;
  #reason: string;
  #link: BeatLink | undefined;

  constructor(options: BrokerWatchOptions) {
    this.#options = options;
    this.#line = new WaitLine(options.nowMs());
    this.#reason = `no answer yet from ${options.names}`;
  }

  away(why: string): void {
    const { names, log, nowMs } = this.#options;
    this.#reason = `no broker at ${names}: ${why}`;
    if (this.#line.isDue(this.#reason, nowMs()))
      log?.warn({ reason: this.#reason }, 'waiting for the broker');
  }

  reached(): void {
    if (this.#line.wasSaid) this.#options.log?.info({}, 'the broker was reached');
    this.#reason = 'the beat is not subscribed yet';
  }

  listens(link: BeatLink): void {
    this.#link = link;
  }

  /** Asked by health pages, as often as they like. A link that was closed misses nothing. */
  readonly verdict = (): true | string => {
    if (this.#link === undefined) return this.#reason;
    return this.#link.isClosed || this.#link.isConnected ? true : 'the broker is away';
  };
}
