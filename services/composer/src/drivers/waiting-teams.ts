import { type Bus, isAway } from '@whoosh/bus';
import { type agents, CallError, tasks } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { type Log } from '@whoosh/telemetry';
import { type Kysely } from 'kysely';
import { type TeamComposer } from '../compose-team.ts';
import { type ComposerMetrics } from '../metrics.ts';
import { type TeamStore } from '../store/teams.ts';

/** Teams per page, in the order in which they were made. */
const PAGE_TEAMS = 200;
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
    let seen = 0;
    let online: agents.AgentView[] | undefined;
    for (let after: string | undefined; ;) {
      const page = await store.waiting(db, PAGE_TEAMS, after);
      seen += page.length;
      if (page.length > 0) online ??= await composer.agents();
      for (const team of page) {
        if (signal.aborted) return;
        await this.#decide(team, online ?? []);
      }
      after = page.at(-1)?.id;
      if (page.length < PAGE_TEAMS) break;
    }
    metrics.waitingTeams.set(seen);
  }

  async #decide(team: { id: string; task_id: string }, online: readonly agents.AgentView[]): Promise<void> {
    try {
      const task = await this.#task(team.task_id);
      if (task) await this.#deps.composer.recompose(team.id, task, online);
    } catch (cause) {
      // One team that cannot be decided about must not keep the others waiting.
      if (isAway(cause) && !(cause instanceof CallError)) throw cause;
      this.#deps.log.warn({ err: cause, team: team.id }, 'a waiting team could not be decided about');
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
