import * as z from 'zod';
import { ById, Id, PageRequest, pageOf, Revision, Timestamp } from './common.ts';
import { call, lifeEvent, plainEvent, keyedCall } from './define.ts';

export const REPOSITORY_STATUSES = ['pending', 'initial_scan', 'active', 'error', 'disabled'] as const;

export const RepositoryView = z.object({
  id: Id,
  gitea_id: z.int().min(1),
  full_name: z.string().max(255),
  owner: z.string(),
  name: z.string(),
  url: z.string(),
  default_branch: z.string(),
  monitor_issues: z.boolean(),
  chorus_labels_only: z.boolean(),
  sync_status: z.enum(REPOSITORY_STATUSES),
  sync_error: z.string().nullable(),
  webhook: z
    .enum(['installed', 'refused', 'off'])
    .describe('Whether Gitea sends deliveries for it; without, it is polled only'),
  last_issue_sync: Timestamp.nullable(),
  last_sync_at: Timestamp.nullable(),
  removed_at: Timestamp.nullable(),
  revision: Revision,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type RepositoryView = z.infer<typeof RepositoryView>;

export const SyncLogEntry = z.object({
  id: Id,
  repository_id: Id,
  operation: z.enum(['initial_scan', 'poll', 'sweep', 'webhook', 'ensure_labels', 'manual']),
  status: z.enum(['changed', 'unchanged', 'failed']),
  message: z.string(),
  issues_seen: z.int().min(0),
  issues_changed: z.int().min(0),
  duration_ms: z.int().min(0),
  at: Timestamp,
});
export type SyncLogEntry = z.infer<typeof SyncLogEntry>;

export const repositoryAdded = lifeEvent(
  'repository',
  'added',
  RepositoryView,
  'A repository is monitored from now on',
);
export const repositoryChanged = lifeEvent(
  'repository',
  'changed',
  RepositoryView,
  'Its settings, name or sync state changed',
);
export const repositoryRemoved = lifeEvent(
  'repository',
  'removed',
  RepositoryView,
  'It is not monitored any more',
);
export const repositoryFailed = lifeEvent(
  'repository',
  'failed',
  RepositoryView,
  'Reading it failed; it returns by itself',
);

const fromDelivery = { repository_id: Id, full_name: z.string(), delivery_id: z.string() };
export const repositoryPushed = plainEvent(
  'repository',
  'pushed',
  z.object({
    ...fromDelivery,
    ref: z.string(),
    before: z.string(),
    after: z.string(),
    total_commits: z.int().min(0),
    pusher: z.string(),
  }),
  'Commits arrived in a monitored repository',
);
export const issueCommented = plainEvent(
  'issue',
  'commented',
  z.object({
    ...fromDelivery,
    number: z.int(),
    action: z.string(),
    comment_id: z.int(),
    author: z.string(),
    body_excerpt: z.string(),
  }),
  'Somebody commented on an issue; creates no work',
);
export const pullRequestChanged = plainEvent(
  'pull_request',
  'changed',
  z.object({ ...fromDelivery, number: z.int(), action: z.string(), title: z.string(), merged: z.boolean() }),
  'A pull request was opened, changed or merged; creates no work',
);

/** `owner/name`. Dots alone are names of nothing in Gitea, and lead a URL to another place. */
const FullName = z
  .string()
  .regex(/^(?!\.{1,2}\/)[A-Za-z0-9_.-]{1,100}\/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}$/, 'owner/name');

export const addRepository = keyedCall('monitor', 'repository.add', {
  request: z.strictObject({
    full_name: FullName,
    monitor_issues: z.boolean().default(true),
    chorus_labels_only: z.boolean().default(true),
  }),
  reply: RepositoryView,
  errors: ['not_found', 'conflict', 'permission_denied'],
  description: 'Starts to monitor a repository: labels ensured, hook made where allowed, initial scan begun',
});
export const listRepositories = call('monitor', 'repository.list', {
  request: z.strictObject({ ...PageRequest, sync_status: z.enum(REPOSITORY_STATUSES).optional() }),
  reply: pageOf(RepositoryView),
  errors: [],
  description: 'Monitored repositories, newest first',
});
export const getRepository = call('monitor', 'repository.get', {
  request: ById,
  reply: RepositoryView,
  errors: ['not_found'],
  description: 'One repository',
});
export const updateRepository = call('monitor', 'repository.update', {
  request: z.strictObject({
    id: Id,
    monitor_issues: z.boolean().optional(),
    chorus_labels_only: z.boolean().optional(),
    enabled: z.boolean().optional(),
  }),
  reply: RepositoryView,
  errors: ['not_found'],
  description: 'Changes how a repository is monitored; `enabled: false` pauses it',
});
export const removeRepository = call('monitor', 'repository.remove', {
  request: ById,
  reply: RepositoryView,
  errors: ['not_found'],
  description: 'Stops monitoring; the row and its tasks stay',
});
export const syncRepository = call('monitor', 'repository.sync', {
  request: z.strictObject({ id: Id, full: z.boolean().default(false) }),
  reply: z.object({ repository: RepositoryView, issues_seen: z.int(), issues_changed: z.int() }),
  errors: ['not_found', 'failed_precondition'],
  description: 'Reads the issues of a repository now; `full` ignores the cursor',
});
export const ensureLabels = call('monitor', 'repository.ensure_labels', {
  request: ById,
  reply: z.object({ created: z.array(z.string()), present: z.array(z.string()) }),
  errors: ['not_found', 'permission_denied'],
  description: 'Creates the nine standard labels where they are missing; repeating it changes nothing',
});
export const repositoryLogs = call('monitor', 'repository.logs', {
  request: z.strictObject({ id: Id, ...PageRequest }),
  reply: pageOf(SyncLogEntry),
  errors: ['not_found'],
  description: 'Changes, errors and sweeps of a repository, newest first',
});
