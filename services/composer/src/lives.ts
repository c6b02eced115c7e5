import { CallError, teams } from '@whoosh/contracts';
import { type DB, isForeignKeyMissing, transaction } from '@whoosh/db';
import { type LifeLog } from '@whoosh/outbox';
import { type Kysely, type Transaction } from 'kysely';
import { type Decision } from './domain/match.ts';
import { type Team } from './domain/team.ts';
import { type TeamInput, type TeamInputOf } from './domain/team-input.ts';
import { after, type Change, type Happened, type Outcome, step } from './domain/team-step.ts';
import { type ComposerMetrics } from './metrics.ts';
import { type TeamStore } from './store/teams.ts';
import { toView } from './view.ts';

const EVENTS = {
  composed: teams.teamComposed,
  waiting: teams.teamWaiting,
  changed: teams.teamChanged,
  joined: teams.teamJoined,
  deployed: teams.teamDeployed,
  working: teams.teamWorking,
  completed: teams.teamCompleted,
  failed: teams.teamFailed,
  cancelled: teams.teamCancelled,
} as const satisfies Record<Happened, unknown>;

interface LivesDependencies {
  readonly db: Kysely<DB>;
  readonly store: TeamStore;
  readonly lifeLog: LifeLog;
  readonly metrics: ComposerMetrics;
  /** Told after a commit that there is something to publish. */
  readonly wake: () => void;
}

export interface ApplyOptions {
  readonly causationId?: string | undefined;
}

/**
 * Where the rules meet the tables: locks a team, lets {@link step} decide, writes rows, history and events in one
 * transaction. Every change of every team goes through here.
 */
export class TeamLives {
  readonly #deps: LivesDependencies;

  constructor(deps: LivesDependencies) {
    this.#deps = deps;
  }

  /** One transaction; what it changed is counted and published once it is committed. */
  async change<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    const { db, metrics, wake } = this.#deps;
    let turn: Turn | undefined;
    try {
      const result = await transaction(db, async (trx) => {
        turn = new Turn(this.#deps, trx);
        return await work(turn);
      });
      for (const change of turn?.changes ?? []) metrics.changed(change);
      for (const decision of turn?.decisions ?? []) metrics.decided(decision);
      if ((turn?.changes.length ?? 0) > 0) wake();
      return result;
    } catch (cause) {
      // Another service writes the row that is referred to, and its word about it may be ahead of its row.
      if (isForeignKeyMissing(cause)) {
        throw new CallError('unavailable', 'what this refers to is not there yet: ask again', { cause });
      }
      throw cause;
    }
  }

  /** One input to one team. */
  async apply(id: string, input: TeamInput, options: ApplyOptions = {}): Promise<Team> {
    return await this.change((turn) => turn.apply(id, input, options));
  }
}

export class Turn {
  readonly trx: Transaction<DB>;
  readonly changes: Change[] = [];
  readonly decisions: Decision[] = [];
  readonly #deps: LivesDependencies;

  constructor(deps: LivesDependencies, trx: Transaction<DB>) {
    this.#deps = deps;
    this.trx = trx;
  }

  /** Undefined when the task has a team for this attempt already. */
  async compose(
    input: TeamInputOf<'compose'>,
    decision: Decision,
    options: ApplyOptions,
  ): Promise<Team | undefined> {
    const outcome = step(undefined, input);
    const team = after(undefined, outcome);
    if (team === undefined || !(await this.#deps.store.insert(this.trx, team))) return undefined;
    await this.#deps.store.saveDecision(this.trx, decision);
    this.decisions.push(decision);
    await this.#record(outcome, input, options);
    return team;
  }

  /** The decision is stored when it changes something. */
  async recompose(
    team: Team,
    input: TeamInputOf<'recompose'>,
    decision: Decision,
    options: ApplyOptions = {},
  ): Promise<Team> {
    const now = await this.#step(team, input, options);
    if (now === team) return team;
    await this.#deps.store.saveDecision(this.trx, decision);
    this.decisions.push(decision);
    return now;
  }

  async apply(id: string, input: TeamInput, options: ApplyOptions = {}): Promise<Team> {
    return await this.#step(await this.lock(id), input, options);
  }

  /** The team as it is, and as it stays until the transaction ends. */
  async lock(id: string): Promise<Team> {
    const team = await this.#deps.store.load(this.trx, id, { lock: true });
    if (team === undefined) throw new CallError('not_found', 'there is no such team');
    return team;
  }

  async #step(team: Team, input: TeamInput, options: ApplyOptions): Promise<Team> {
    const outcome = step(team, input);
    if (outcome.kind === 'refused') throw new CallError(outcome.code, outcome.message);
    const now = after(team, outcome) ?? team;
    if (now === team) return team;
    await this.#deps.store.save(this.trx, team, now);
    await this.#record(outcome, input, options);
    return now;
  }

  /** The input is kept with the first of the changes it made: folding the inputs in order makes the life again. */
  async #record(outcome: Outcome, input: TeamInput, { causationId }: ApplyOptions): Promise<void> {
    if (outcome.kind === 'refused') return;
    for (const [at, { happened, from, reason, team }] of outcome.changes.entries()) {
      await this.#deps.lifeLog.record(this.trx, EVENTS[happened], {
        lifeId: team.id,
        revision: team.revision,
        data: toView(team),
        change: { from, to: team.status, reason, by: input.by },
        ...(at === 0 && { input }),
        causationId,
      });
    }
    this.changes.push(...outcome.changes);
  }
}
