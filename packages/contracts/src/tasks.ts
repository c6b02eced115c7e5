import * as z from 'zod';
import { Id, PageRequest, pageOf, Priority, Revision, Sha256, Timestamp } from './common.ts';
import { call, lifeEvent, keyedCall } from './define.ts';

export const TASK_STATUSES = [
  'open',
  'forming',
  'waiting',
  'assigned',
  'in_progress',
  'completed',
  'cancelled',
] as const;
export const TASK_KINDS = ['brief', 'work', 'other'] as const;

/** A task's body is stored up to this size, and cut with a mark beyond. */
export const TASK_BODY_BYTES_MAX = 256 * 1024;
/** Events and lists carry this much of the body. */
export const BODY_EXCERPT_BYTES_MAX = 4 * 1024;

export const TaskView = z.object({
  id: Id,
  source_type: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/),
  external_id: z.string().max(200).describe('For Gitea: `{gitea repository id}#{number}`'),
  repository_id: Id.nullable(),
  repository: z.string().nullable().describe('owner/name at the time of the last reading'),
  number: z.int().nullable(),
  title: z.string(),
  body_excerpt: z.string(),
  body_sha256: Sha256,
  body_truncated: z.boolean(),
  url: z.string().nullable(),
  labels: z.array(z.string()),
  assignees: z.array(z.string()),
  author: z.string().nullable(),
  kind: z.enum(TASK_KINDS),
  issue_state: z.enum(['open', 'closed']),
  status: z.enum(TASK_STATUSES),
  priority: Priority,
  attempt: z.int().min(1).describe('Rises when a closed task is opened again'),
  council_id: Id.nullable(),
  assigned_team_id: Id.nullable(),
  content_revision: Sha256.describe('Hash of title, body, state, labels and assignees'),
  removed_at: Timestamp.nullable(),
  revision: Revision,
  created_at: Timestamp,
  updated_at: Timestamp,
});
export type TaskView = z.infer<typeof TaskView>;

export const TaskWithBody = TaskView.extend({ body: z.string() });
export type TaskWithBody = z.infer<typeof TaskWithBody>;

export const taskOpened = lifeEvent(
  'task',
  'opened',
  TaskView,
  'An issue with a CHORUS label was seen for the first time',
);
export const taskChanged = lifeEvent('task', 'changed', TaskView, 'Its content or its state changed');
export const taskAssigned = lifeEvent('task', 'assigned', TaskView, 'A team took it');
export const taskClosed = lifeEvent('task', 'closed', TaskView, 'Its issue was closed or deleted');
export const taskReopened = lifeEvent(
  'task',
  'reopened',
  TaskView,
  'Its issue was opened again: a new attempt',
);

export const listTasks = call('monitor', 'task.list', {
  request: z.strictObject({
    ...PageRequest,
    repository_id: Id.optional(),
    status: z.enum(TASK_STATUSES).optional(),
    kind: z.enum(TASK_KINDS).optional(),
  }),
  reply: pageOf(TaskView),
  errors: [],
  description: 'Tasks, newest first',
});
export const getTask = call('monitor', 'task.get', {
  request: z.strictObject({ id: Id }),
  reply: TaskWithBody,
  errors: ['not_found'],
  description: 'One task with its body',
});
export const ingestTask = keyedCall('monitor', 'task.ingest', {
  request: z.strictObject({
    source_type: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,31}$/)
      .refine((type) => type !== 'gitea', 'issues of Gitea come in by themselves'),
    external_id: z.string().min(1).max(200),
    title: z.string().min(1).max(500),
    body: z.string().max(TASK_BODY_BYTES_MAX).default(''),
    labels: z.array(z.string().max(64)).max(50).default([]),
    url: z.url({ protocol: /^https?$/ }).optional(),
    priority: Priority.optional(),
  }),
  reply: TaskView,
  errors: [],
  description: 'Takes a task from another source; the same (source_type, external_id) is the same task',
});
