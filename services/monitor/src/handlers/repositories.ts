import { type Kysely } from 'kysely';
import { type CallContext } from '@whoosh/bus';
import { CallError, repositories as contract, type ReplyOf, type RequestOf } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { keyOf } from '@whoosh/outbox';
import { type Repository, type RepositoryStep } from '../domain/repository.ts';
import { type Gitea } from '../gitea/client.ts';
import { repositoryView, type RepositoryStore } from '../store/repositories.ts';
import { type SyncLogStore } from '../store/sync-logs.ts';
import { type Lives } from '../sync/lives.ts';
import { type Reader } from '../sync/reader.ts';

export interface RepositoryHandlerDeps {
  readonly db: Kysely<DB>;
  readonly gitea: Gitea;
  readonly lives: Lives;
  readonly reader: Reader;
  readonly repositories: RepositoryStore;
  readonly logs: SyncLogStore;
  readonly labels: (repository: Repository) => Promise<{ created: string[]; present: string[] }>;
  /** Makes the next tick come at once. */
  readonly poke: () => void;
}

/** Who a change is put down to. */
export function byOf(context: CallContext): string {
  return context.principal === undefined ? 'call' : `${context.principal.kind}:${context.principal.id}`;
}

export class RepositoryHandlers {
  readonly #deps: RepositoryHandlerDeps;

  constructor(deps: RepositoryHandlerDeps) {
    this.#deps = deps;
  }

  add = async (
    request: RequestOf<typeof contract.addRepository>,
    context: CallContext,
  ): Promise<ReplyOf<typeof contract.addRepository>> => {
    const document = await this.#deps.gitea.repository(request.full_name);
    const input = {
      type: 'added' as const,
      gitea: {
        giteaId: document.id,
        fullName: document.full_name,
        owner: document.owner.login,
        name: document.name,
        url: document.html_url,
        defaultBranch: document.default_branch ?? 'main',
      },
      monitorIssues: request.monitor_issues,
      chorusLabelsOnly: request.chorus_labels_only,
      by: byOf(context),
    };
    const added = await this.#deps.lives.add(
      input,
      keyOf({ contract: contract.addRepository, request, ctx: context }),
    );
    if (added === undefined) {
      const known = await this.#deps.repositories.byGiteaId(this.#deps.db, document.id);
      throw new CallError('conflict', `${document.full_name} is monitored already`, {
        details: { id: known?.id },
      });
    }
    this.#deps.poke();
    return added;
  };

  list = async (
    request: RequestOf<typeof contract.listRepositories>,
  ): Promise<ReplyOf<typeof contract.listRepositories>> => {
    const page = await this.#deps.repositories.list(this.#deps.db, request);
    return { items: page.items.map(repositoryView), next_cursor: page.nextCursor };
  };

  get = async ({ id }: { id: string }): Promise<contract.RepositoryView> =>
    repositoryView(await this.#deps.repositories.get(this.#deps.db, id));

  update = async (
    request: RequestOf<typeof contract.updateRepository>,
    context: CallContext,
  ): Promise<contract.RepositoryView> => {
    const { id, monitor_issues: monitorIssues, chorus_labels_only: chorusLabelsOnly, enabled } = request;
    const step = await this.#deps.lives.change(id, {
      type: 'settings',
      monitorIssues,
      chorusLabelsOnly,
      enabled,
      by: byOf(context),
    });
    this.#deps.poke();
    return this.#viewAfter(id, step);
  };

  remove = async ({ id }: { id: string }, context: CallContext): Promise<contract.RepositoryView> =>
    this.#viewAfter(id, await this.#deps.lives.change(id, { type: 'removed', by: byOf(context) }));

  sync = async ({
    id,
    full,
  }: RequestOf<typeof contract.syncRepository>): Promise<ReplyOf<typeof contract.syncRepository>> => {
    const repository = await this.#deps.repositories.get(this.#deps.db, id);
    if (repository.removedAt !== null || repository.syncStatus === 'disabled')
      throw new CallError('failed_precondition', 'the repository is not monitored');
    const result = await this.#deps.reader.readAll(
      repository,
      full || repository.syncStatus !== 'pending' ? 'manual' : 'initial_scan',
    );
    return { repository: await this.get({ id }), issues_seen: result.seen, issues_changed: result.changed };
  };

  ensureLabels = async ({ id }: { id: string }): Promise<ReplyOf<typeof contract.ensureLabels>> => {
    const repository = await this.#deps.repositories.get(this.#deps.db, id);
    return this.#deps.labels(repository);
  };

  logs = async (
    request: RequestOf<typeof contract.repositoryLogs>,
  ): Promise<ReplyOf<typeof contract.repositoryLogs>> => {
    await this.#deps.repositories.get(this.#deps.db, request.id);
    const page = await this.#deps.logs.list(this.#deps.db, request);
    return { items: page.items, next_cursor: page.nextCursor };
  };

  async #viewAfter(id: string, step: RepositoryStep | undefined): Promise<contract.RepositoryView> {
    return step === undefined ? this.get({ id }) : repositoryView(step.repository);
  }
}
