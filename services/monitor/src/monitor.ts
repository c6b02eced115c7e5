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

/** Resolves when it can be called and reads; disposing stops taking work. */
export async function serveMonitor(
  options: MonitorOptions,
  resources: AsyncDisposableStack,
): Promise<{ giteaState: () => string }> {
  const { bus, db, gitea, clock, newId, log, metrics, recorded } = options;
  const stores = {
    tasks: new TaskStore(),
    repositories: new RepositoryStore(),
    logs: new SyncLogStore(),
    comments: new CommentStore(),
  };
  const lives = new Lives({ db, log: options.lifeLog, ...stores, clock, newId, recorded });
  const reader = new Reader({
    db,
    gitea,
    lives,
    ...stores,
    clock,
    newId,
    metrics,
    log,
    eagerFilter: options.eagerFilter,
  });
  const preparation = {
    db,
    gitea,
    lives,
    log,
    webhookUrl: options.webhookUrl,
    webhookToken: options.webhookToken,
  };
  const pollNow = new Wake();
  const postNow = new Wake();

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

  const { ledger } = options;
  const inbox = onDelivery({
    db,
    lifeLog: options.lifeLog,
    repositories: stores.repositories,
    reader,
    metrics,
    log,
    recorded,
  });
  resources.use(await bus.consume(CONSUMERS['monitor-inbox'], inbox, { ledger }));
  const milestones = onMilestone({
    lives,
    comments: stores.comments,
    clock,
    commenting: options.commenting,
    wanted: () => postNow.wake(),
  });
  resources.use(await bus.consume(CONSUMERS['monitor-milestones'], milestones, { ledger }));

  const poller = new Poller({
    db,
    gitea,
    lives,
    ...stores,
    clock,
    newId,
    metrics,
    log,
    eagerFilter: options.eagerFilter,
    reader,
    duty: options.pollDuty,
    sweepIntervalMs: options.sweepIntervalMs,
    fullRescan: options.fullRescan,
    prepare: (repository) => prepare(preparation, repository),
  });
  resources.use(
    supervise('poll', (signal) => every(options.pollIntervalMs, pollNow, signal, () => poller.tick()), {
      log,
    }),
  );
  if (options.commenting) {
    const post = () =>
      postComments({ db, duty: options.postDuty, gitea, comments: stores.comments, metrics, log });
    resources.use(
      supervise('comments', (signal) => every(COMMENT_RESYNC_MS, postNow, signal, post), { log }),
    );
  }
  await bus.flush();
  return { giteaState: () => poller.giteaState };
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
