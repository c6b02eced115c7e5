import { type Bus, isAway } from '@whoosh/bus';
import { CallError, tasks } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { type Log } from '@whoosh/telemetry';
import { type Kysely } from 'kysely';
import { type TeamComposer } from '../compose-team.ts';
import { type ComposerMetrics } from '../metrics.ts';
import { type TeamStore } from '../store/teams.ts';

/** Teams per look; the others come with the next one, those that wait longest first. */
const TEAMS_MAX = 200;
/** A crowd of agents that comes at once is one reason to look, not one each. */
const QUIET_MS = 200;

interface WaitingDependencies {
  readonly bus: Bus;
  readonly db: Kysely<DB>;
  readonly store: TeamStore;
  readonly composer: TeamComposer;
  readonly metrics: ComposerMetrics;
  readonly log: Log;
  readonly retryMs: number;
}

/**
 * Decides about waiting teams again: now and then, and soon after an agent came. What it knows is in the tables
 * and with the orchestrator, so nothing is lost with a crash.
 */
export class WaitingTeams {
  readonly #deps: WaitingDependencies;
  #isWoken = false;
  #wakeUp: () => void = () => undefined;

  constructor(deps: WaitingDependencies) {
    this.#deps = deps;
  }

  /** Looks soon. */
  wake(): void {
    this.#isWoken = true;
    this.#wakeUp();
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wakeUp(), { once: true });
    while (!signal.aborted) {
      this.#isWoken = false;
      try {
        await this.#look(signal);
      } catch (cause) {
        if (!isAway(cause)) throw cause;
        this.#deps.log.warn({ err: cause }, 'waiting teams cannot be looked at now');
      }
      await this.#rest(signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { db, store, composer, metrics } = this.#deps;
    const waiting = await store.waiting(db, TEAMS_MAX);
    metrics.waitingTeams.set(waiting.length);
    if (waiting.length === 0) return;
    const online = await composer.agents();
    for (const team of waiting) {
      if (signal.aborted) return;
      const task = await this.#task(team.task_id);
      if (task) await composer.recompose(team.id, task, online);
    }
  }

  async #task(id: string): Promise<tasks.TaskWithBody | undefined> {
    try {
      return await this.#deps.bus.call(tasks.getTask, { id });
    } catch (cause) {
      if (cause instanceof CallError && cause.code === 'not_found') return undefined;
      throw cause;
    }
  }

  async #rest(signal: AbortSignal): Promise<void> {
    if (!this.#isWoken) await this.#sleep(this.#deps.retryMs, signal);
    if (this.#isWoken) await this.#sleep(QUIET_MS, signal);
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wakeUp = resolve;
    await promise;
    clearTimeout(timer);
  }
}
