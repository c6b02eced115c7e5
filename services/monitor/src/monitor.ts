/** The monitor's whole surface: every call it answers, every consumer it reads, every loop it runs. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Kysely } from 'kysely';
import { type AttemptLedger, type Bus } from '@whoosh/bus';
import { CONSUMERS, repositories, tasks } from '@whoosh/contracts';
import { type Secret } from '@whoosh/config';
import { type DB, type Duty } from '@whoosh/db';
import { supervise } from '@whoosh/lifecycle';
import { type LifeLog } from '@whoosh/outbox';
import { type Clock } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { onDelivery } from './consumers/inbox.ts';
import { onMilestone } from './consumers/milestones.ts';
import { type Gitea } from './gitea/client.ts';
import { RepositoryHandlers } from './handlers/repositories.ts';
import { TaskHandlers } from './handlers/tasks.ts';
import { type MonitorMetrics } from './metrics.ts';
import { CommentStore } from './store/comments.ts';
import { RepositoryStore } from './store/repositories.ts';
import { SyncLogStore } from './store/sync-logs.ts';
import { TaskStore } from './store/tasks.ts';
import { Lives } from './sync/lives.ts';
import { Poller } from './sync/poller.ts';
import { postComments } from './sync/poster.ts';
import { ensureLabels, prepare } from './sync/prepare.ts';
import { Reader } from './sync/reader.ts';
import { Wake } from './sync/wake.ts';

export interface MonitorOptions {
  readonly bus: Bus;
  readonly db: Kysely<DB>;
  readonly gitea: Gitea;
  readonly lifeLog: LifeLog;
  readonly ledger: AttemptLedger;
  readonly pollDuty: Duty;
  readonly postDuty: Duty;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly metrics: MonitorMetrics;
  readonly log: Log;
  /** Wakes the outbox relay after a commit. */
  readonly recorded: () => void;
  readonly webhookUrl: string | undefined;
  readonly webhookToken: Secret | undefined;
  readonly eagerFilter: boolean;
  readonly fullRescan: boolean;
  readonly commenting: boolean;
  readonly pollIntervalMs: number;
  readonly sweepIntervalMs: number;
}

/** Unposted comments are looked for this often even when nothing announced one (after a restart, after Gitea was away). */
const COMMENT_RESYNC_MS = 5_000;

/** What the calls, the consumers and the loops have in common. */
function assemble(options: MonitorOptions) {
  const { db, gitea, clock, newId, log, metrics, recorded } = options;
  const stores = {
    tasks: new TaskStore(),
    repositories: new RepositoryStore(),
    logs: new SyncLogStore(),
    comments: new CommentStore(),
  };
  const lives = new Lives({ db, log: options.lifeLog, ...stores, clock, newId, recorded });
  const readerDeps = {
    db,
    gitea,
    lives,
    ...stores,
    clock,
    newId,
    metrics,
    log,
    eagerFilter: options.eagerFilter,
  };
  const { webhookUrl, webhookToken } = options;
  const preparation = { db, gitea, lives, log, webhookUrl, webhookToken };
  return {
    stores,
    lives,
    readerDeps,
    reader: new Reader(readerDeps),
    preparation,
    pollNow: new Wake(),
    postNow: new Wake(),
  };
}
type Parts = ReturnType<typeof assemble>;

/** Resolves when it can be called and reads; disposing stops taking work. */
export async function serveMonitor(
  options: MonitorOptions,
  resources: AsyncDisposableStack,
): Promise<{ giteaState: () => string }> {
  const parts = assemble(options);
  serveCalls(options, parts);
  await consume(options, parts, resources);
  const poller = runLoops(options, parts, resources);
  await options.bus.flush();
  return { giteaState: () => poller.giteaState };
}

function serveCalls(
  { bus, db, gitea }: MonitorOptions,
  { stores, lives, reader, preparation, pollNow }: Parts,
): void {
  const repositoryCalls = new RepositoryHandlers({
    db,
    gitea,
    lives,
    reader,
    ...stores,
    labels: (repository) => ensureLabels(preparation, repository),
    poke: () => pollNow.wake(),
  });
  bus.serve(repositories.addRepository, repositoryCalls.add);
  bus.serve(repositories.listRepositories, repositoryCalls.list);
  bus.serve(repositories.getRepository, repositoryCalls.get);
  bus.serve(repositories.updateRepository, repositoryCalls.update);
  bus.serve(repositories.removeRepository, repositoryCalls.remove);
  bus.serve(repositories.syncRepository, repositoryCalls.sync);
  bus.serve(repositories.ensureLabels, repositoryCalls.ensureLabels);
  bus.serve(repositories.repositoryLogs, repositoryCalls.logs);

  const taskCalls = new TaskHandlers({ db, lives, tasks: stores.tasks });
  bus.serve(tasks.listTasks, taskCalls.list);
  bus.serve(tasks.getTask, taskCalls.get);
  bus.serve(tasks.ingestTask, taskCalls.ingest);
}

async function consume(
  options: MonitorOptions,
  { stores, lives, reader, postNow }: Parts,
  resources: AsyncDisposableStack,
): Promise<void> {
  const { bus, db, lifeLog, metrics, log, recorded, clock, commenting, ledger } = options;
  const inbox = onDelivery({
    db,
    lifeLog,
    repositories: stores.repositories,
    reader,
    metrics,
    log,
    recorded,
  });
  resources.use(await bus.consume(CONSUMERS['monitor-inbox'], inbox, { ledger }));
  const wanted = (): void => postNow.wake();
  const milestones = onMilestone({ lives, comments: stores.comments, clock, commenting, wanted });
  resources.use(await bus.consume(CONSUMERS['monitor-milestones'], milestones, { ledger }));
}

function runLoops(
  options: MonitorOptions,
  { stores, readerDeps, reader, preparation, pollNow, postNow }: Parts,
  resources: AsyncDisposableStack,
): Poller {
  const { db, gitea, log, metrics, pollDuty, postDuty, sweepIntervalMs, fullRescan, pollIntervalMs } =
    options;
  const poller = new Poller({
    ...readerDeps,
    reader,
    duty: pollDuty,
    sweepIntervalMs,
    fullRescan,
    prepare: (repository) => prepare(preparation, repository),
  });
  const poll = (signal: AbortSignal) => every(pollIntervalMs, pollNow, signal, () => poller.tick());
  resources.use(supervise('poll', poll, { log }));
  if (options.commenting) {
    const post = () => postComments({ db, duty: postDuty, gitea, comments: stores.comments, metrics, log });
    resources.use(
      supervise('comments', (signal) => every(COMMENT_RESYNC_MS, postNow, signal, post), { log }),
    );
  }
  return poller;
}

/** Does the work at once, then after each interval or wake-up, until the signal. */
async function every(
  intervalMs: number,
  wake: Wake,
  signal: AbortSignal,
  work: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    const woken = wake.next();
    await work();
    const timer = new AbortController();
    const rest = delay(intervalMs, undefined, { signal: AbortSignal.any([signal, timer.signal]) }).catch(
      () => undefined,
    );
    await Promise.race([rest, woken]);
    timer.abort();
  }
}
