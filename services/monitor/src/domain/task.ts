/**
 * The life of a task. Pure: what is known, what was heard, what follows. The same content read twice changes nothing (T1);
 * a reading older than what is known changes nothing (T2); only the council or team of the current attempt counts (T3);
 * a task that becomes work again after it had a council or a team starts a new attempt (T4).
 */
import { tasks, type Change, type EventContract } from '@whoosh/contracts';
import { unreachable, type Instant } from '@whoosh/stdx';
import { hasChorusLabel, type Content } from './intake.ts';

export type TaskStatus = tasks.TaskView['status'];

export interface Task extends Content {
  readonly id: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly councilId: string | null;
  readonly assignedTeamId: string | null;
  readonly removedAt: Instant | null;
  readonly revision: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export type TaskInput =
  | {
      readonly type: 'seen';
      readonly content: Content;
      readonly newId: string;
      readonly chorusLabelsOnly: boolean;
      readonly by: string;
      readonly at: Instant;
    }
  | { readonly type: 'gone'; readonly reason: string; readonly by: string; readonly at: Instant }
  | {
      readonly type: 'council';
      readonly happened: CouncilHappened;
      readonly councilId: string;
      /** Of the council, as of this word of it. */
      readonly revision: number;
      readonly attempt: number;
      readonly reason: string;
      readonly at: Instant;
    }
  | {
      readonly type: 'team';
      readonly happened: TeamHappened;
      readonly teamId: string;
      /** Of the team, as of this word of it. */
      readonly revision: number;
      readonly attempt: number;
      readonly reason: string;
      readonly at: Instant;
    };

export type CouncilHappened = 'forming' | 'active' | 'completed' | 'failed' | 'cancelled';
export type TeamHappened =
  'waiting' | 'composed' | 'deployed' | 'working' | 'completed' | 'failed' | 'cancelled';

export interface TaskStep {
  readonly task: Task;
  readonly event: EventContract<tasks.TaskView & { change: Change }>;
  readonly change: Change;
}

/** The next state with the event that tells of it, or undefined when nothing changes. */
export function stepTask(task: Task | undefined, input: TaskInput): TaskStep | undefined {
  switch (input.type) {
    case 'seen':
      return task === undefined ? first(input) : again(task, input);
    case 'gone':
      return task === undefined ? undefined : gone(task, input);
    case 'council':
      return task === undefined ? undefined : onCouncil(task, input);
    case 'team':
      return task === undefined ? undefined : onTeam(task, input);
    default:
      return unreachable(input);
  }
}

type Seen = Extract<TaskInput, { type: 'seen' }>;

function first({ content, newId, chorusLabelsOnly, by, at }: Seen): TaskStep | undefined {
  // An issue that was closed before it was ever seen asks for nothing; opened again, it is new.
  if (content.issueState === 'closed') return undefined;
  if (chorusLabelsOnly && !hasChorusLabel(content.labels)) return undefined;
  const task: Task = {
    ...content,
    id: newId,
    status: 'open',
    attempt: 1,
    councilId: null,
    assignedTeamId: null,
    removedAt: null,
    revision: 1,
    createdAt: at,
    updatedAt: at,
  };
  return {
    task,
    event: tasks.taskOpened,
    change: { from: null, to: 'open', reason: `seen as ${content.kind}`, by },
  };
}

function again(task: Task, { content, by, at }: Seen): TaskStep | undefined {
  const older =
    content.sourceUpdatedAt !== null &&
    task.sourceUpdatedAt !== null &&
    content.sourceUpdatedAt < task.sourceUpdatedAt;
  if (older) return undefined;
  const sameContent =
    content.contentRevision === task.contentRevision &&
    content.repository === task.repository &&
    task.removedAt === null;
  if (sameContent) return undefined;
  const moved: Task = { ...task, ...content, removedAt: null, revision: task.revision + 1, updatedAt: at };

  if (content.issueState === 'closed') {
    return task.issueState === 'closed'
      ? step(task, moved, tasks.taskChanged, 'edited while closed', by)
      : step(task, { ...moved, status: endOf(task) }, tasks.taskClosed, 'the issue was closed', by);
  }
  if (task.issueState === 'closed' || task.removedAt !== null) {
    return step(task, newAttempt(moved), tasks.taskReopened, 'the issue was opened again', by);
  }
  if (content.kind !== task.kind && content.kind !== 'other') {
    const hadOwner = task.councilId !== null || task.assignedTeamId !== null;
    const next = hadOwner ? newAttempt(moved) : { ...moved, status: 'open' as const };
    return step(task, next, tasks.taskOpened, `became ${content.kind}`, by);
  }
  return step(task, moved, tasks.taskChanged, changedParts(task, content), by);
}

function gone(task: Task, { reason, by, at }: Extract<TaskInput, { type: 'gone' }>): TaskStep | undefined {
  if (task.removedAt !== null) return undefined;
  const next: Task = {
    ...task,
    issueState: 'closed',
    status: endOf(task),
    removedAt: at,
    revision: task.revision + 1,
    updatedAt: at,
  };
  return step(task, next, tasks.taskClosed, reason, by);
}

/** A closed task counts as done when somebody was working on it, else as cancelled; its team may still say otherwise. */
function endOf(task: Task): TaskStatus {
  if (task.status === 'completed') return 'completed';
  return task.kind === 'work' && task.status === 'in_progress' ? 'completed' : 'cancelled';
}

function newAttempt(task: Task): Task {
  return { ...task, attempt: task.attempt + 1, status: 'open', councilId: null, assignedTeamId: null };
}

const COUNCIL_STATUS: Record<CouncilHappened, TaskStatus> = {
  forming: 'forming',
  active: 'in_progress',
  completed: 'completed',
  // A council that failed needs a person to look at the brief.
  failed: 'waiting',
  cancelled: 'cancelled',
};

function onCouncil(task: Task, input: Extract<TaskInput, { type: 'council' }>): TaskStep | undefined {
  if (input.attempt !== task.attempt) return undefined;
  const status = settled(task, COUNCIL_STATUS[input.happened]);
  if (status === task.status && task.councilId === input.councilId) return undefined;
  const next: Task = {
    ...task,
    status,
    councilId: input.councilId,
    revision: task.revision + 1,
    updatedAt: input.at,
  };
  return step(task, next, tasks.taskChanged, `council ${input.happened}: ${input.reason}`, 'council');
}

const TEAM_STATUS: Record<TeamHappened, TaskStatus> = {
  waiting: 'waiting',
  composed: 'assigned',
  deployed: 'assigned',
  working: 'in_progress',
  completed: 'completed',
  failed: 'waiting',
  cancelled: 'cancelled',
};

function onTeam(task: Task, input: Extract<TaskInput, { type: 'team' }>): TaskStep | undefined {
  if (input.attempt !== task.attempt) return undefined;
  const status = settled(task, TEAM_STATUS[input.happened]);
  if (status === task.status && task.assignedTeamId === input.teamId) return undefined;
  const next: Task = {
    ...task,
    status,
    assignedTeamId: input.teamId,
    revision: task.revision + 1,
    updatedAt: input.at,
  };
  const event =
    task.assignedTeamId === null && status === 'assigned' ? tasks.taskAssigned : tasks.taskChanged;
  return step(task, next, event, `team ${input.happened}: ${input.reason}`, 'composer');
}

/** A closed issue stays ended: its owner may still call it completed, but nothing starts it again. */
function settled(task: Task, wanted: TaskStatus): TaskStatus {
  if (task.issueState === 'open') return wanted;
  return wanted === 'completed' ? 'completed' : task.status;
}

function changedParts(task: Task, content: Content): string {
  const parts = [
    content.title !== task.title && 'title',
    content.bodySha256 !== task.bodySha256 && 'body',
    content.labels.join('\n') !== task.labels.join('\n') && 'labels',
    content.assignees.join('\n') !== task.assignees.join('\n') && 'assignees',
    content.repository !== task.repository && 'repository name',
  ].filter((part) => part !== false);
  return `changed: ${parts.join(', ') || 'nothing visible'}`;
}

function step(before: Task, task: Task, event: TaskStep['event'], reason: string, by: string): TaskStep {
  return {
    task,
    event,
    change: { from: before.status, to: task.status, reason: reason.slice(0, 2_000), by },
  };
}
