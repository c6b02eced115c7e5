import { setTimeout as wait } from 'node:timers/promises';
import { type Backoff, backoffMs } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type FleetProfile } from './domain/fleet-profiles.ts';
import { type Rest, RestRefusal } from './rest.ts';

const AT_ONCE_MAX = 8;
const ATTEMPTS_MAX = 20;
const FAREWELLS_TIMEOUT_MS = 5_000;
const RETRY: Backoff = { baseMs: 250, maxMs: 5_000 };

/** Makes the agents of a fleet known to WHOOSH, a few at a time, and takes them back at the end. */
export class FleetRegistrar {
  readonly #rest: Rest;
  readonly #token: string;
  readonly #log: Log;
  readonly #registered: string[] = [];

  constructor(options: { rest: Rest; token: string; log: Log }) {
    this.#rest = options.rest;
    this.#token = options.token;
    this.#log = options.log;
  }

  async register(profiles: readonly FleetProfile[], signal: AbortSignal): Promise<void> {
    await inParallel(profiles, signal, (profile) => this.#register(profile, signal));
    this.#log.info({ agents: this.#registered.length }, 'the fleet is registered');
  }

  async farewell(): Promise<void> {
    const signal = AbortSignal.timeout(FAREWELLS_TIMEOUT_MS);
    await inParallel(this.#registered, signal, async (agentId) => {
      await this.#rest.setStatus(agentId, 'offline').catch((cause: unknown) => {
        this.#log.debug({ err: cause, agent: agentId }, 'a farewell was not heard');
      });
    });
  }

  async #register({ agentId, capabilities, model }: FleetProfile, signal: AbortSignal): Promise<void> {
    const body = { agent_id: agentId, name: agentId, capabilities: [...capabilities], model };
    for (let attempt = 1; attempt <= ATTEMPTS_MAX && !signal.aborted; attempt += 1) {
      try {
        await this.#rest.register(body, this.#token);
        this.#registered.push(agentId);
        return;
      } catch (cause) {
        if (!(cause instanceof RestRefusal) || !cause.isPassing) throw cause;
        const waitMs = cause.retryAfterMs ?? backoffMs(RETRY, attempt, Math.random());
        await wait(waitMs, undefined, { signal });
      }
    }
    this.#log.warn({ agent: agentId, attempts: ATTEMPTS_MAX }, 'an agent could not be registered');
  }
}

async function inParallel<Item>(
  items: readonly Item[],
  signal: AbortSignal,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const lanes = Array.from({ length: Math.min(AT_ONCE_MAX, items.length) }, async () => {
    for (const item of left) {
      if (signal.aborted) return;
      await work(item);
    }
  });
  await Promise.all(lanes);
}
