/**
 * Deliveries of Gitea. A delivery is only a hint (its snapshot carries stale labels and times): which repository, which number. The
 * issue is then read again before anything is decided. Comments, pushes and pull requests become events and create no work.
 */
import { type Kysely } from 'kysely';
import * as z from 'zod';
import { repositories as contract } from '@whoosh/contracts';
import { type Delivered } from '@whoosh/bus';
import { transaction, type DB } from '@whoosh/db';
import { type LifeLog } from '@whoosh/outbox';
import { truncateUtf8 } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type Repository } from '../domain/repository.ts';
import { type MonitorMetrics } from '../metrics.ts';
import { type RepositoryStore } from '../store/repositories.ts';
import { type Reader } from '../sync/reader.ts';

export interface InboxDeps {
  readonly db: Kysely<DB>;
  readonly lifeLog: LifeLog;
  readonly repositories: RepositoryStore;
  readonly reader: Reader;
  readonly metrics: MonitorMetrics;
  readonly log: Log;
  readonly recorded: () => void;
}

const EXCERPT_BYTES_MAX = 1_024;
const Login = z.object({ login: z.string() });
const Hint = z.object({
  action: z.string().optional(),
  number: z.number().optional(),
  issue: z.object({ number: z.number(), title: z.string() }).optional(),
  comment: z.object({ id: z.number(), body: z.string(), user: Login.nullish() }).optional(),
  pull_request: z.object({ number: z.number(), title: z.string(), merged: z.boolean().nullish() }).optional(),
  repository: z.object({ id: z.number(), full_name: z.string() }).optional(),
  ref: z.string().optional(),
  before: z.string().optional(),
  after: z.string().optional(),
  total_commits: z.number().optional(),
  pusher: Login.nullish(),
  is_pull: z.boolean().optional(),
});
type Hint = z.infer<typeof Hint>;

export function onDelivery(deps: InboxDeps): (message: Delivered) => Promise<void> {
  return async (message) => {
    const event = message.headers['X-Gitea-Event'] ?? '';
    const deliveryId = message.headers['X-Gitea-Delivery'] ?? message.subject.split('.').at(-1) ?? '';
    deps.metrics.deliveries.inc({ event: KNOWN_EVENTS.has(event) ? event : 'other' });
    const hint = parse(message.body);
    if (hint?.repository === undefined) return;
    const repository = await deps.repositories.byGiteaId(deps.db, hint.repository.id);
    if (
      repository === undefined ||
      repository.removedAt !== null ||
      !repository.monitorIssues ||
      repository.syncStatus === 'disabled'
    )
      return;
    await handle(deps, { event, deliveryId, hint, repository });
  };
}

const KNOWN_EVENTS = new Set(['issues', 'issue_comment', 'push', 'pull_request']);

interface Hinted {
  readonly event: string;
  readonly deliveryId: string;
  readonly hint: Hint;
  readonly repository: Repository;
}

async function handle(deps: InboxDeps, { event, deliveryId, hint, repository }: Hinted): Promise<void> {
  const common = { repository_id: repository.id, full_name: repository.fullName, delivery_id: deliveryId };
  const by = 'webhook';
  if (event === 'issues') {
    const number = hint.issue?.number ?? hint.number;
    if (number !== undefined) await deps.reader.byNumber(repository, number, by, deliveryId);
  } else if (event === 'issue_comment' && hint.issue !== undefined && hint.comment !== undefined) {
    const data = {
      ...common,
      number: hint.issue.number,
      action: hint.action ?? '',
      comment_id: hint.comment.id,
      author: hint.comment.user?.login ?? '',
      body_excerpt: truncateUtf8(hint.comment.body, EXCERPT_BYTES_MAX).text,
    };
    await announce(deps, contract.issueCommented, deliveryId, data);
    // A comment may come with a change of state ("comment and close"): look again.
    if (hint.is_pull !== true) await deps.reader.byNumber(repository, hint.issue.number, by, deliveryId);
  } else if (event === 'push') {
    const data = {
      ...common,
      ref: hint.ref ?? '',
      before: hint.before ?? '',
      after: hint.after ?? '',
      total_commits: hint.total_commits ?? 0,
      pusher: hint.pusher?.login ?? '',
    };
    await announce(deps, contract.repositoryPushed, deliveryId, data);
  } else if (event === 'pull_request' && hint.pull_request !== undefined) {
    const data = {
      ...common,
      number: hint.pull_request.number,
      action: hint.action ?? '',
      title: truncateUtf8(hint.pull_request.title, EXCERPT_BYTES_MAX).text,
      merged: hint.pull_request.merged ?? false,
    };
    await announce(deps, contract.pullRequestChanged, deliveryId, data);
  } else {
    deps.log.debug({ event, delivery: deliveryId }, 'delivery without anything to do');
  }
}

async function announce(
  deps: InboxDeps,
  event: Parameters<LifeLog['announce']>[1],
  deliveryId: string,
  data: { repository_id: string },
): Promise<void> {
  await transaction(deps.db, (trx) =>
    deps.lifeLog.announce(trx, event, {
      id: data.repository_id,
      data,
      causationId: deliveryId,
      dedupeKey: deliveryId,
    }),
  );
  deps.recorded();
}

/** A body that is no JSON or no delivery of Gitea says nothing we could look up. It was signed, so it is not an attack to record. */
function parse(body: unknown): Hint | undefined {
  try {
    const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : body;
    const parsed = Hint.safeParse(typeof text === 'string' ? JSON.parse(text) : text);
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
