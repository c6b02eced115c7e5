import { type Kysely } from 'kysely';
import { type CallContext } from '@whoosh/bus';
import { tasks as contract, type ReplyOf, type RequestOf } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { keyOf } from '@whoosh/outbox';
import { normalise } from '../domain/intake.ts';
import { taskView, type TaskStore } from '../store/tasks.ts';
import { type Lives } from '../sync/lives.ts';
import { byOf } from './repositories.ts';

export interface TaskHandlerDeps {
  readonly db: Kysely<DB>;
  readonly lives: Lives;
  readonly tasks: TaskStore;
}

export class TaskHandlers {
  readonly #deps: TaskHandlerDeps;

  constructor(deps: TaskHandlerDeps) {
    this.#deps = deps;
  }

  list = async (
    request: RequestOf<typeof contract.listTasks>,
  ): Promise<ReplyOf<typeof contract.listTasks>> => {
    const page = await this.#deps.tasks.list(this.#deps.db, request);
    return { items: page.items.map(taskView), next_cursor: page.nextCursor };
  };

  get = async ({ id }: { id: string }): Promise<contract.TaskWithBody> => {
    const task = await this.#deps.tasks.get(this.#deps.db, id);
    return { ...taskView(task), body: task.body };
  };

  /** The same (source_type, external_id) again is the same task, brought up to date. */
  ingest = async (
    request: RequestOf<typeof contract.ingestTask>,
    context: CallContext,
  ): Promise<contract.TaskView> => {
    const content = normalise({
      sourceType: request.source_type,
      externalId: request.external_id,
      repositoryId: null,
      repository: null,
      number: null,
      title: request.title,
      body: request.body,
      url: request.url ?? null,
      labels: request.labels,
      assignees: [],
      author: byOf(context),
      issueState: 'open',
      priority: request.priority,
      sourceUpdatedAt: null,
    });
    const options = { chorusLabelsOnly: false, by: byOf(context), causationId: context.requestId };
    return this.#deps.lives.ingest(
      content,
      options,
      keyOf({ contract: contract.ingestTask, request, ctx: context }),
    );
  };
}
