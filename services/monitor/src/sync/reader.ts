import { type Kysely } from 'kysely';
import { CallError } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { backoffCeilingMs, type Clock } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { hasChorusLabel } from '../domain/intake.ts';
import { BRIEF_LABEL, WORK_LABEL } from '../domain/labels.ts';
import { type Repository } from '../domain/repository.ts';
import { type Gitea } from '../gitea/client.ts';
import { type IssueDocument } from '../gitea/documents.ts';
import { type MonitorMetrics } from '../metrics.ts';
import { type RepositoryStore } from '../store/repositories.ts';
import { type SyncLogStore, type SyncRecord } from '../store/sync-logs.ts';
import { type TaskStore } from '../store/tasks.ts';
import { contentOf } from './issue-content.ts';
import { type Lives } from './lives.ts';

export interface ReaderDeps {
  readonly db: Kysely<DB>;
  readonly gitea: Gitea;
  readonly lives: Lives;
  readonly tasks: TaskStore;
  readonly repositories: RepositoryStore;
  readonly logs: SyncLogStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly metrics: MonitorMetrics;
  readonly log: Log;
  /** Narrows scans and sweeps at the API, one request per label. */
  readonly eagerFilter: boolean;
}

export interface SyncOutcome extends Partial<ReadResult> {
  readonly operation: SyncRecord['operation'];
  readonly status: SyncRecord['status'];
  readonly message: string;
  readonly startedAt: number;
}

export interface ReadResult {
  readonly seen: number;
  readonly changed: number;
}

const FAILED_REPOSITORY_BACKOFF = { baseMs: 5_000, maxMs: 300_000 };
/** 50 issues a page: a repository with more than this is read on by the next sweep. */
const SCAN_PAGES_MAX = 400;

/** Reads issues of one repository, whole or by number, and takes them in. */
export class Reader {
  readonly #deps: ReaderDeps;

  constructor(deps: ReaderDeps) {
    this.#deps = deps;
  }

  /** One issue by its number: what a delivery or a doubt leads to. Gone means its task is closed. */
  async byNumber(repository: Repository, number: number, by: string, causationId?: string): Promise<boolean> {
    try {
      const issue = await this.#deps.gitea.issue(repository.fullName, number);
      if (issue.pull_request !== null && issue.pull_request !== undefined) return false;
      return await this.take(issue, repository, by, causationId);
    } catch (cause) {
      if (!(cause instanceof CallError) || cause.code !== 'not_found') throw cause;
      // A renamed or hidden repository answers 404 for its issues, too: only a readable one makes an issue "gone".
      await this.followRename(repository);
      const step = await this.#deps.lives.gone(
        `${repository.giteaId}#${number}`,
        'the issue is not there any more',
        by,
        causationId,
      );
      return step !== undefined;
    }
  }

  /** Takes one read issue in; returns whether anything changed. */
  async take(
    issue: IssueDocument,
    repository: Repository,
    by: string,
    causationId?: string,
  ): Promise<boolean> {
    const content = contentOf(issue, repository);
    const step = await this.#deps.lives.see(content, {
      chorusLabelsOnly: repository.chorusLabelsOnly,
      by,
      causationId,
    });
    if (step !== undefined) this.#deps.metrics.issuesTaken.inc({ door: by.split(':')[0] ?? by });
    if (hasChorusLabel(content.labels) && repository.syncStatus !== 'active') {
      await this.#deps.lives.change(repository.id, {
        type: 'content_seen',
        chorusIssues: 1,
        issues: 1,
        complete: false,
      });
    }
    return step !== undefined;
  }

  /** Initial scan and sweep: every issue of a repository, then whatever open task was not among them, by its number. */
  async readAll(repository: Repository, operation: 'initial_scan' | 'sweep' | 'manual'): Promise<ReadResult> {
    const started = this.#deps.clock.now();
    try {
      const current = await this.followRename(repository);
      if (current.syncStatus === 'pending')
        await this.#deps.lives.change(current.id, { type: 'scan_started' });
      const result = await this.#readPages(current, operation);
      await this.#deps.lives.change(current.id, {
        type: 'content_seen',
        chorusIssues: result.chorus,
        issues: result.seen,
        complete: true,
      });
      await this.#deps.repositories.swept(this.#deps.db, current.id, this.#deps.clock.now());
      await this.#deps.repositories.advanceCursor(
        this.#deps.db,
        [current.id],
        started,
        this.#deps.clock.now(),
      );
      const status = result.changed > 0 ? 'changed' : 'unchanged';
      await this.logged(current.id, {
        operation,
        status,
        message: `${result.seen} issues read`,
        startedAt: started,
        ...result,
      });
      return result;
    } catch (cause) {
      await this.failed(repository, operation, cause, started);
      throw cause;
    }
  }

  async #readPages(repository: Repository, operation: string): Promise<ReadResult & { chorus: number }> {
    const seen = new Set<number>();
    let changed = 0;
    let chorus = 0;
    // A filter that Gitea does not know is dropped silently, so labels are looked at again in code either way.
    const labels =
      this.#deps.eagerFilter && repository.chorusLabelsOnly ? [BRIEF_LABEL, WORK_LABEL] : [undefined];
    for (const label of labels) {
      for (let page = 1; page <= SCAN_PAGES_MAX; page++) {
        const { issues, last } = await this.#deps.gitea.issues(repository.fullName, page, { label });
        for (const issue of issues) {
          if (seen.has(issue.number)) continue;
          seen.add(issue.number);
          if (hasChorusLabel((issue.labels ?? []).map(({ name }) => name))) chorus += 1;
          if (await this.take(issue, repository, operation)) changed += 1;
        }
        if (last) break;
      }
    }
    for (const number of await this.#deps.tasks.openNumbers(this.#deps.db, repository.id)) {
      if (!seen.has(number) && (await this.byNumber(repository, number, operation))) changed += 1;
    }
    if (operation === 'sweep' && changed > 0) this.#deps.metrics.missedIssues.inc(changed);
    return { seen: seen.size, changed, chorus };
  }

  /** The repository under its present name; throws not_found when the token does not see it any more. */
  async followRename(repository: Repository): Promise<Repository> {
    const document = await this.#deps.gitea.repositoryById(repository.giteaId);
    if (document.full_name === repository.fullName) return repository;
    const gitea = {
      giteaId: document.id,
      fullName: document.full_name,
      owner: document.owner.login,
      name: document.name,
      url: document.html_url,
      defaultBranch: document.default_branch ?? 'main',
    };
    const step = await this.#deps.lives.change(repository.id, { type: 'renamed', gitea });
    this.#deps.log.info(
      { repository: repository.id, from: repository.fullName, to: gitea.fullName },
      'repository renamed',
    );
    return step?.repository ?? { ...repository, ...gitea };
  }

  /** Reading a repository failed: it goes to `error`, says why, and returns by itself. */
  async failed(
    repository: Repository,
    operation: SyncRecord['operation'],
    cause: unknown,
    started: number,
  ): Promise<void> {
    const reason = cause instanceof CallError ? cause.message : 'reading it failed inside the monitor';
    this.#deps.metrics.syncFailures.inc({ operation });
    this.#deps.log.warn(
      { repository: repository.fullName, operation, err: cause },
      'reading a repository failed',
    );
    const retryInMs = backoffCeilingMs(FAILED_REPOSITORY_BACKOFF, repository.syncFailures + 1);
    await this.#deps.lives.change(repository.id, { type: 'failed', reason, retryInMs });
    await this.logged(repository.id, { operation, status: 'failed', message: reason, startedAt: started });
  }

  async logged(repositoryId: string, entry: SyncOutcome): Promise<void> {
    const now = this.#deps.clock.now();
    await this.#deps.logs.add(this.#deps.db, {
      id: this.#deps.newId(),
      repositoryId,
      operation: entry.operation,
      status: entry.status,
      message: entry.message,
      issuesSeen: entry.seen ?? 0,
      issuesChanged: entry.changed ?? 0,
      durationMs: Math.max(0, now - entry.startedAt),
      at: now,
    });
  }
}
