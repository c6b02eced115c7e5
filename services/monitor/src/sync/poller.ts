/**
 * The tick: one request for all repositories finds what changed since the cursor; then whoever is due for a scan, a sweep or a
 * retry is read whole. One replica at a time does it (a duty), and doing it twice would change nothing.
 */
import { CallError } from '@whoosh/contracts';
import { type Duty } from '@whoosh/db';
import { type Instant } from '@whoosh/stdx';
import { advance, sinceOf } from '../domain/cursor.ts';
import { type Repository } from '../domain/repository.ts';
import { type IssueDocument } from '../gitea/documents.ts';
import { type Reader, type ReaderDeps } from './reader.ts';

export interface PollerOptions extends ReaderDeps {
  readonly duty: Duty;
  readonly reader: Reader;
  readonly sweepIntervalMs: number;
  readonly fullRescan: boolean;
  /** Puts labels and hook of a repository right; called once when it is new, and after it failed. */
  readonly prepare: (repository: Repository) => Promise<void>;
}

/** More pages than this of other people's issues in one tick: read our repositories one by one instead. */
const SEARCH_PAGES_MAX = 6;
/** How often the cursor is written down; a restart reads this much again at most. */
const CURSOR_SAVE_MS = 30_000;
/** Whole readings per tick, so that a tick stays short however many repositories were added at once. */
const SCANS_PER_TICK_MAX = 4;

export class Poller {
  readonly #options: PollerOptions;
  #cursor: Instant | null = null;
  #cursorLoaded = false;
  #cursorSavedAt: Instant = 0;
  #fullRescanDone = false;
  #searchRefused = false;
  #giteaState = 'not asked yet';

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** `ok`, or why the last tick got no answer from Gitea. */
  get giteaState(): string {
    return this.#giteaState;
  }

  /** One tick. Throws only when the database is away; trouble with Gitea is recorded and the next tick tries again. */
  async tick(): Promise<void> {
    if (!(await this.#options.duty.held())) {
      this.#cursorLoaded = false;
      return;
    }
    const repositories = await this.#options.repositories.monitored(this.#options.db);
    if (repositories.length === 0) return;
    const readable = repositories.filter(
      ({ syncStatus }) => syncStatus === 'active' || syncStatus === 'initial_scan',
    );
    if (!this.#cursorLoaded) this.#loadCursor(readable);
    const started = performance.now();
    try {
      if (readable.length > 0) await this.#poll(readable);
      this.#options.metrics.giteaUp.set(1);
      this.#giteaState = 'ok';
    } catch (cause) {
      if (!(cause instanceof CallError)) throw cause;
      this.#options.metrics.giteaUp.set(cause.code === 'unavailable' ? 0 : 1);
      this.#giteaState = cause.message;
      this.#options.log.warn({ err: cause }, 'polling gitea failed');
    }
    this.#options.metrics.pollSeconds.observe((performance.now() - started) / 1_000);
    await this.#readDue(repositories);
  }

  /** The oldest cursor of all: whoever was read last tells how far back the others may have missed something. */
  #loadCursor(repositories: readonly Repository[]): void {
    const known = repositories.map(({ lastIssueSync }) => lastIssueSync).filter((at) => at !== null);
    this.#cursor = known.length === 0 ? null : Math.min(...known);
    this.#cursorLoaded = true;
  }

  async #poll(repositories: readonly Repository[]): Promise<void> {
    const byGiteaId = new Map(repositories.map((repository) => [repository.giteaId, repository]));
    const since = sinceOf(this.#cursor ?? this.#options.clock.now());
    let serverTime: Instant | undefined;
    const hits: [IssueDocument, Repository][] = [];
    let complete = false;
    for (let page = 1; page <= SEARCH_PAGES_MAX && !this.#searchRefused; page++) {
      const answer = await this.#search(page, since);
      if (answer === undefined) break;
      serverTime ??= answer.serverTime;
      for (const issue of answer.issues) {
        const repository =
          issue.repository === null || issue.repository === undefined
            ? undefined
            : byGiteaId.get(issue.repository.id);
        if (repository !== undefined) hits.push([issue, repository]);
      }
      complete = answer.last;
      if (complete) break;
    }
    if (complete) await this.#takeAll(hits);
    else serverTime = await this.#pollOneByOne(repositories, since, serverTime);
    await this.#moveCursor(repositories, serverTime);
  }

  async #search(page: number, since: Instant | undefined) {
    try {
      return await this.#options.gitea.search(page, since);
    } catch (cause) {
      if (!(cause instanceof CallError) || cause.code === 'unavailable') throw cause;
      // A server or a token without the search: single lists do the same, at a cost that grows with their number.
      this.#options.log.warn(
        { err: cause },
        'gitea refuses the search over repositories; reading them one by one',
      );
      this.#searchRefused = true;
      return undefined;
    }
  }

  async #pollOneByOne(
    repositories: readonly Repository[],
    since: Instant | undefined,
    before: Instant | undefined,
  ): Promise<Instant | undefined> {
    let serverTime = before;
    for (const repository of repositories) {
      try {
        for (let page = 1; ; page++) {
          const answer = await this.#options.gitea.issues(repository.fullName, page, { since });
          serverTime ??= answer.serverTime;
          await this.#takeAll(answer.issues.map((issue) => [issue, repository]));
          if (answer.last) break;
        }
      } catch (cause) {
        if (!(cause instanceof CallError) || cause.code === 'unavailable') throw cause;
        await this.#options.reader.failed(repository, 'poll', cause, this.#options.clock.now());
      }
    }
    return serverTime;
  }

  async #takeAll(hits: readonly (readonly [IssueDocument, Repository])[]): Promise<void> {
    const changed = new Map<string, number>();
    // Oldest first: what was created together becomes visible in that order.
    for (const [issue, repository] of hits.toReversed()) {
      if (await this.#options.reader.take(issue, repository, 'poll'))
        changed.set(repository.id, (changed.get(repository.id) ?? 0) + 1);
    }
    for (const [repositoryId, count] of changed) {
      await this.#options.reader.logged(repositoryId, {
        operation: 'poll',
        status: 'changed',
        message: `${count} issues changed`,
        startedAt: this.#options.clock.now(),
        seen: count,
        changed: count,
      });
    }
  }

  async #moveCursor(repositories: readonly Repository[], serverTime: Instant | undefined): Promise<void> {
    const now = this.#options.clock.now();
    this.#cursor = advance(this.#cursor, serverTime ?? now);
    if (now - this.#cursorSavedAt < CURSOR_SAVE_MS) return;
    this.#cursorSavedAt = now;
    await this.#options.repositories.advanceCursor(
      this.#options.db,
      repositories.map(({ id }) => id),
      this.#cursor,
      now,
    );
  }

  async #readDue(repositories: readonly Repository[]): Promise<void> {
    const now = this.#options.clock.now();
    const rescan = this.#options.fullRescan && !this.#fullRescanDone;
    const due = repositories.filter(
      (repository) => rescan || isDue(repository, now, this.#options.sweepIntervalMs),
    );
    for (const repository of due.slice(0, rescan ? due.length : SCANS_PER_TICK_MAX)) {
      if (!(await this.#options.duty.held())) return;
      try {
        if (repository.syncStatus === 'pending' || repository.syncStatus === 'error')
          await this.#options.prepare(repository);
        await this.#options.reader.readAll(
          repository,
          repository.syncStatus === 'active' ? 'sweep' : 'initial_scan',
        );
      } catch (cause) {
        if (!(cause instanceof CallError)) throw cause;
      }
    }
    this.#fullRescanDone = true;
  }
}

function isDue(repository: Repository, now: Instant, sweepIntervalMs: number): boolean {
  if (repository.syncStatus === 'pending') return true;
  if (repository.syncStatus === 'error') return now >= (repository.retryAt ?? 0);
  return now - (repository.lastSweepAt ?? 0) >= sweepIntervalMs;
}
