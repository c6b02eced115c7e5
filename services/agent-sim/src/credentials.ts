import { setTimeout as wait } from 'node:timers/promises';
import { type agents, type RequestOf } from '@whoosh/contracts';
import { type Backoff, backoffMs } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type Rest, RestRefusal } from './rest.ts';

const RETRY: Backoff = { baseMs: 250, maxMs: 5_000 };
const RENEW_EARLIEST_MS = 1_000;

/** Turns the join token into an agent token, and keeps that fresh: renewed from half of its life. */
export class Credentials {
  readonly #profile: RequestOf<typeof agents.registerAgent>;
  readonly #joinToken: string;
  readonly #log: Log;
  #token: string;
  #renewAtMs = 0;

  constructor(options: { profile: RequestOf<typeof agents.registerAgent>; joinToken: string; log: Log }) {
    this.#profile = options.profile;
    this.#joinToken = options.joinToken;
    this.#log = options.log;
    this.#token = options.joinToken;
  }

  get token(): string {
    return this.#token;
  }

  /** Registers, trying again while the gateway or somebody behind it is away. Rejects when it is refused for good. */
  async register(rest: Rest, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#exchange(rest, this.#joinToken);
        return;
      } catch (cause) {
        if (!(cause instanceof RestRefusal) || !cause.isPassing) throw cause;
        const waitMs = cause.retryAfterMs ?? backoffMs(RETRY, attempt, Math.random());
        this.#log.info({ err: cause, attempt, wait_ms: waitMs }, 'registration has to wait');
        await wait(waitMs, undefined, { signal });
      }
    }
  }

  /** Runs until the signal. Rejects when the agent may not be here any more. */
  async keepFresh(rest: Rest, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const dueMs = this.#renewAtMs - Date.now();
      const backoff = failures === 0 ? 0 : backoffMs(RETRY, failures, Math.random());
      await wait(Math.max(RENEW_EARLIEST_MS, dueMs, backoff), undefined, { signal });
      try {
        await this.#renew(rest);
        failures = 0;
      } catch (cause) {
        if (!(cause instanceof RestRefusal) || !cause.isPassing) throw cause;
        failures += 1;
      }
    }
  }

  /** With the join token where the other has run out, because nobody could be asked in time: it holds as long as the agent is wanted. */
  async #renew(rest: Rest): Promise<void> {
    try {
      await this.#exchange(rest, this.#token);
    } catch (cause) {
      if (!(cause instanceof RestRefusal) || cause.status !== 401) throw cause;
      await this.#exchange(rest, this.#joinToken);
    }
  }

  async #exchange(rest: Rest, token: string): Promise<void> {
    const askedAtMs = Date.now();
    const granted = await rest.register(this.#profile, token);
    this.#token = granted.token;
    // By the length of its life and not by its end: the clocks of two machines differ.
    const lifeMs = Math.max(0, Date.parse(granted.expires_at) - askedAtMs);
    this.#renewAtMs = askedAtMs + lifeMs / 2;
  }
}
