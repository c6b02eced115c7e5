import { CallError, councils } from '@whoosh/contracts';
import { type DB, isForeignKeyMissing, transaction } from '@whoosh/db';
import { type LifeLog } from '@whoosh/outbox';
import { type Kysely, type Transaction } from 'kysely';
import { type Council } from './domain/council.ts';
import { type CouncilInput, type InputOf } from './domain/input.ts';
import { type Change, type Happened, type Outcome } from './domain/outcome.ts';
import { after, step } from './domain/step.ts';
import { type CouncilMetrics } from './metrics.ts';
import { type CouncilStore } from './store/councils.ts';
import { isoTime, toView } from './view.ts';

const EVENTS = {
  forming: councils.councilForming,
  seat_changed: councils.councilSeatChanged,
  role_offered: councils.councilRoleOffered,
  role_claimed: councils.councilRoleClaimed,
  active: councils.councilActive,
  artifact_added: councils.councilArtifactAdded,
  phase_changed: councils.councilPhaseChanged,
  vote_cast: councils.councilVoteCast,
  round_closed: councils.councilRoundClosed,
  completed: councils.councilCompleted,
  failed: councils.councilFailed,
  cancelled: councils.councilCancelled,
} as const satisfies Record<Happened, unknown>;

interface LivesDependencies {
  readonly db: Kysely<DB>;
  readonly store: CouncilStore;
  readonly lifeLog: LifeLog;
  readonly metrics: CouncilMetrics;
  /** Told after a commit that there is something to publish. */
  readonly wake: () => void;
}

export interface ApplyOptions {
  readonly causationId?: string | undefined;
  /** Content of the artifact that the input adds. */
  readonly content?: string;
}

/**
 * Where the rules meet the tables: locks a council, lets {@link step} decide, writes rows, history and events in
 * one transaction. Every change of every council goes through here.
 */
export class CouncilLives {
  readonly #deps: LivesDependencies;

  constructor(deps: LivesDependencies) {
    this.#deps = deps;
  }

  /** One transaction; what it changed is counted and published once it is committed. */
  async change<T>(work: (turn: Turn) => Promise<T>): Promise<T> {
    const { db, metrics, wake } = this.#deps;
    let changes: Change[] = [];
    try {
      const result = await transaction(db, async (trx) => {
        const turn = new Turn(this.#deps, trx);
        const done = await work(turn);
        changes = turn.changes;
        return done;
      });
      for (const change of changes) metrics.changed(change);
      if (changes.length > 0) wake();
      return result;
    } catch (cause) {
      // Another service writes the row that is referred to, and its word about it may be ahead of its row.
      if (isForeignKeyMissing(cause)) {
        throw new CallError('unavailable', 'what this refers to is not there yet: ask again', { cause });
      }
      throw cause;
    }
  }

  /** One input to one council. `decide` may look at the council first and want nothing of it. */
  async apply(
    id: string,
    decide: (council: Council) => CouncilInput | undefined,
    options: ApplyOptions = {},
  ): Promise<Council> {
    return await this.change((turn) => turn.apply(id, decide, options));
  }
}

export class Turn {
  readonly trx: Transaction<DB>;
  readonly changes: Change[] = [];
  readonly #deps: LivesDependencies;

  constructor(deps: LivesDependencies, trx: Transaction<DB>) {
    this.#deps = deps;
    this.trx = trx;
  }

  /** Undefined when the task has a council for this attempt already. */
  async form(input: InputOf<'form'>, options: ApplyOptions): Promise<Council | undefined> {
    const outcome = step(undefined, input);
    const formed = after(undefined, outcome);
    if (formed === undefined || !(await this.#deps.store.insert(this.trx, formed))) return undefined;
    await this.#record(outcome, input, options);
    return formed;
  }

  async apply(
    id: string,
    decide: (council: Council) => CouncilInput | undefined,
    options: ApplyOptions = {},
  ): Promise<Council> {
    const council = await this.#deps.store.load(this.trx, id, { lock: true });
    if (council === undefined) throw new CallError('not_found', 'there is no such council');
    const input = decide(council);
    if (input === undefined) return council;
    const outcome = step(council, input);
    if (outcome.kind === 'refused') throw toCallError(outcome);
    const now = after(council, outcome) ?? council;
    if (now === council) return council;
    await this.#deps.store.save(this.trx, council, now, options.content);
    await this.#record(outcome, input, options);
    return now;
  }

  /** The input is kept with the first of the changes it made: folding the inputs in order makes the life again. */
  async #record(outcome: Outcome, input: CouncilInput, { causationId }: ApplyOptions): Promise<void> {
    if (outcome.kind === 'refused') return;
    for (const [at, { happened, from, reason, council }] of outcome.changes.entries()) {
      await this.#deps.lifeLog.record(this.trx, EVENTS[happened], {
        lifeId: council.id,
        revision: council.revision,
        data: toView(council),
        change: { from, to: council.status, reason, by: input.by },
        ...(at === 0 && { input }),
        ...(causationId !== undefined && { causationId }),
      });
    }
    this.changes.push(...outcome.changes);
  }
}

function toCallError({ code, message, details }: Extract<Outcome, { kind: 'refused' }>): CallError {
  const until = details['reserved_until'];
  const shown = typeof until === 'number' ? { ...details, reserved_until: isoTime(until) } : details;
  return new CallError(code, message, { details: shown });
}
