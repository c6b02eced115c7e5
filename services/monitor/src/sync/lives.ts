/**
 * The one place where tasks and repositories change: lock, ask the rules, write, record the event, all in one transaction.
 * Everything that learns of an issue (delivery, poll, scan, sweep, ingest) ends here, so it may come twice, late or at once.
 */
import { type Kysely, type Transaction } from 'kysely';
import { isUniqueViolation, transaction, type DB } from '@whoosh/db';
import { type repositories, type tasks } from '@whoosh/contracts';
import { idempotent, type IdempotentCall, type LifeLog } from '@whoosh/outbox';
import { assert, type Clock } from '@whoosh/stdx';
import { type Content } from '../domain/intake.ts';
import {
  stepRepository,
  type Repository,
  type RepositoryInput,
  type RepositoryStep,
} from '../domain/repository.ts';
import { stepTask, type Task, type TaskInput, type TaskStep } from '../domain/task.ts';
import { repositoryView, type RepositoryStore } from '../store/repositories.ts';
import { taskView, type TaskStore } from '../store/tasks.ts';

export interface LivesDeps {
  readonly db: Kysely<DB>;
  readonly log: LifeLog;
  readonly tasks: TaskStore;
  readonly repositories: RepositoryStore;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Called after a commit that recorded an event. */
  readonly recorded: () => void;
}

interface SeeOptions {
  readonly chorusLabelsOnly: boolean;
  readonly by: string;
  readonly causationId?: string | undefined;
}

type Patch<Input> = Input extends unknown ? Omit<Input, 'at' | 'newId'> : never;

export class Lives {
  readonly #deps: LivesDeps;

  constructor(deps: LivesDeps) {
    this.#deps = deps;
  }

  /** Takes in what a source says; undefined when it is no news. */
  async see(content: Content, options: SeeOptions): Promise<TaskStep | undefined> {
    return this.#again('tasks_source_external_key', async (trx) => {
      const before = await this.#deps.tasks.lockBySource(trx, content.sourceType, content.externalId);
      return this.#see(trx, before, content, options);
    });
  }

  /** The same by a call: the task afterwards. With an idempotency key a repeat gets the answer of the first time. */
  async ingest(content: Content, options: SeeOptions, call: IdempotentCall): Promise<tasks.TaskView> {
    return this.#again('tasks_source_external_key', (trx) =>
      idempotent(trx, 'monitor', call, async () => {
        const before = await this.#deps.tasks.lockBySource(trx, content.sourceType, content.externalId);
        const task = (await this.#see(trx, before, content, options))?.task ?? before;
        assert(task !== undefined, 'what is ingested is a task');
        return taskView(task);
      }),
    );
  }

  async gone(
    externalId: string,
    reason: string,
    by: string,
    causationId?: string,
  ): Promise<TaskStep | undefined> {
    return this.#inTransaction(async (trx) => {
      const before = await this.#deps.tasks.lockBySource(trx, 'gitea', externalId);
      return this.#takeTask(
        trx,
        before,
        { type: 'gone', reason, by, at: this.#deps.clock.now() },
        causationId,
      );
    });
  }

  /**
   * What a council or team did to a task; `also` writes more into the same transaction. A word older than one that has
   * changed the task (a dead letter that is replayed, an event that was stored twice) does nothing.
   */
  async onOwner(
    taskId: string,
    input: Patch<Extract<TaskInput, { type: 'council' | 'team' }>>,
    causationId: string,
    also: (trx: Transaction<DB>, task: Task) => Promise<void>,
  ): Promise<TaskStep | undefined> {
    return this.#inTransaction(async (trx) => {
      const before = await this.#deps.tasks.lock(trx, taskId);
      if (before === undefined) return undefined;
      const ownerId = input.type === 'council' ? input.councilId : input.teamId;
      if (input.revision < (await this.#deps.tasks.heardOf(trx, taskId, ownerId))) return undefined;
      await also(trx, before);
      return this.#takeTask(trx, before, { ...input, at: this.#deps.clock.now() } as TaskInput, causationId);
    });
  }

  /** Undefined when the repository is monitored already. With an idempotency key a repeat gets the answer of the first time. */
  async add(
    input: Patch<Extract<RepositoryInput, { type: 'added' }>>,
    call: IdempotentCall,
  ): Promise<repositories.RepositoryView | undefined> {
    const added = await this.#again('repositories_gitea_id_key', (trx) =>
      idempotent(trx, 'monitor', call, async () => {
        const before = await this.#deps.repositories.lockByGiteaId(trx, input.gitea.giteaId);
        const step = await this.#takeRepository(trx, before, {
          ...input,
          newId: this.#deps.newId(),
          at: this.#deps.clock.now(),
        });
        return step === undefined ? null : repositoryView(step.repository);
      }),
    );
    return added ?? undefined;
  }

  async change(
    id: string,
    input: Patch<Exclude<RepositoryInput, { type: 'added' }>>,
  ): Promise<RepositoryStep | undefined> {
    return this.#inTransaction(async (trx) => {
      const before = await this.#deps.repositories.lock(trx, id);
      return this.#takeRepository(trx, before, { ...input, at: this.#deps.clock.now() } as RepositoryInput);
    });
  }

  async #see(
    trx: Transaction<DB>,
    before: Task | undefined,
    content: Content,
    { chorusLabelsOnly, by, causationId }: SeeOptions,
  ): Promise<TaskStep | undefined> {
    const { clock, newId } = this.#deps;
    const input = { type: 'seen', content, newId: newId(), chorusLabelsOnly, by, at: clock.now() } as const;
    return this.#takeTask(trx, before, input, causationId);
  }

  async #takeTask(
    trx: Transaction<DB>,
    before: Task | undefined,
    input: TaskInput,
    causationId: string | undefined,
  ): Promise<TaskStep | undefined> {
    const step = stepTask(before, input);
    if (step === undefined) return undefined;
    await (before === undefined
      ? this.#deps.tasks.insert(trx, step.task)
      : this.#deps.tasks.update(trx, step.task));
    await this.#deps.log.record(trx, step.event, {
      lifeId: step.task.id,
      revision: step.task.revision,
      data: taskView(step.task),
      change: step.change,
      input: inputForHistory(input),
      ...(causationId === undefined ? {} : { causationId }),
    });
    return step;
  }

  async #takeRepository(
    trx: Transaction<DB>,
    before: Repository | undefined,
    input: RepositoryInput,
  ): Promise<RepositoryStep | undefined> {
    const step = stepRepository(before, input);
    if (step === undefined) return undefined;
    await (before === undefined
      ? this.#deps.repositories.insert(trx, step.repository)
      : this.#deps.repositories.update(trx, step.repository));
    await this.#deps.log.record(trx, step.event, {
      lifeId: step.repository.id,
      revision: step.repository.revision,
      data: repositoryView(step.repository),
      change: step.change,
      input,
    });
    return step;
  }

  /** Two writers met something new at the same moment: the other one's row is there now. */
  async #again<T>(constraint: string, work: (trx: Transaction<DB>) => Promise<T>): Promise<T> {
    try {
      return await this.#inTransaction(work);
    } catch (cause) {
      if (isUniqueViolation(cause, constraint)) return this.#inTransaction(work);
      throw cause;
    }
  }

  async #inTransaction<T>(work: (trx: Transaction<DB>) => Promise<T>): Promise<T> {
    const result = await transaction(this.#deps.db, work);
    if (result !== undefined) this.#deps.recorded();
    return result;
  }
}

/** The body stands in the task's row; the history keeps its digest. */
function inputForHistory(input: TaskInput): unknown {
  if (input.type !== 'seen') return input;
  const { body: _body, ...content } = input.content;
  return { ...input, content };
}
