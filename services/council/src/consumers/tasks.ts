import { type Bus, type Delivered } from '@whoosh/bus';
import { CallError, type CloudEvent, tasks } from '@whoosh/contracts';
import { type Clock } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type CouncilSettings } from '../config.ts';
import { CORE_ROLES } from '../domain/council.ts';
import { type InputOf } from '../domain/input.ts';
import { optionalSeats } from '../domain/needs.ts';
import { type CouncilLives } from '../lives.ts';
import { type Pace } from '../pace.ts';
import { type Role } from '../roles.ts';
import { type CouncilQueries } from '../store/queries.ts';

export interface TaskDependencies {
  readonly bus: Bus;
  readonly lives: CouncilLives;
  readonly queries: CouncilQueries;
  readonly roles: ReadonlyMap<string, Role>;
  readonly pace: Pace;
  readonly settings: CouncilSettings;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
}

const STRATEGY = 'project_kickoff';

/** Design Briefs open a council; what becomes of their issue may end it. */
export function onTask(deps: TaskDependencies) {
  return async ({ body }: Delivered): Promise<void> => {
    const event = body as CloudEvent<tasks.TaskView>;
    switch (event.type) {
      case tasks.taskOpened.type:
      case tasks.taskReopened.type:
      case tasks.taskChanged.type:
        return await followTask(deps, event);
      case tasks.taskClosed.type:
        return await endCouncils(deps, event, 'the issue was closed');
      default:
        return;
    }
  };
}

async function followTask(deps: TaskDependencies, event: CloudEvent<tasks.TaskView>): Promise<void> {
  const task = event.data;
  if (task.issue_state === 'closed' || task.removed_at !== null) {
    return await endCouncils(deps, event, 'the issue was closed');
  }
  if (task.kind !== 'brief') return await withdraw(deps, event);
  const council = await deps.queries.ofTask(task.id, task.attempt);
  if (council === undefined) await formCouncil(deps, event);
}

/** The event is a reason to look: what the task is now decides, and how its whole text reads. */
async function formCouncil(
  deps: TaskDependencies,
  { id: causationId, data }: CloudEvent<tasks.TaskView>,
): Promise<void> {
  const task = await deps.bus.call(tasks.getTask, { id: data.id }, { causationId });
  if (task.kind !== 'brief' || task.issue_state === 'closed' || task.attempt !== data.attempt) {
    deps.log.info(
      { task: task.id, attempt: data.attempt },
      'the brief is none any more, no council is formed',
    );
    return;
  }
  const input = formInput(deps, task);
  const council = await deps.lives.change((turn) => turn.form(input, { causationId }));
  const roles = input.seats.map(({ role }) => role);
  if (council) deps.log.info({ council: council.id, task: task.id, roles }, 'council forms');
}

function formInput(
  { roles, pace, settings, clock, newId }: TaskDependencies,
  task: tasks.TaskWithBody,
): InputOf<'form'> {
  const at = clock.now();
  const beat = pace.now();
  const needs = optionalSeats({ title: task.title, body: task.body, labels: task.labels });
  const wanted = [
    ...CORE_ROLES.map((role) => ({ role, why: 'every council has it', required: true })),
    ...needs.map(({ role, why }) => ({ role, why, required: false })),
  ];
  const deadlineMs = Math.max(settings.seatDeadlineMs, settings.seatDeadlineBeats * beat.beatMs);
  return {
    kind: 'form',
    at,
    by: 'council',
    id: newId(),
    taskId: task.id,
    attempt: task.attempt,
    projectName: task.repository ?? task.source_type,
    title: task.title,
    strategy: STRATEGY,
    seats: wanted.map(({ role, ...seat }) => ({
      ...seat,
      id: newId(),
      role,
      name: roles.get(role)?.name ?? role,
    })),
    reservedUntil: at + settings.seatReservationMs,
    seatDeadlineAt: at + Math.ceil(deadlineMs),
    seatDeadlineBeat: beat.heard ? beat.index + settings.seatDeadlineBeats : null,
  };
}

/**
 * Ends what still forms, of this attempt and of those before, which a task that changed its kind left behind. A task that is
 * a brief again by now keeps its council: within one attempt it would get no other.
 */
async function withdraw(
  { bus, lives, queries, clock }: TaskDependencies,
  { id: causationId, data }: CloudEvent<tasks.TaskView>,
): Promise<void> {
  const live = await queries.liveOfTask(data.id);
  if (live.length === 0) return;
  const task = await bus.call(tasks.getTask, { id: data.id }, { causationId });
  const isBriefAgain = task.kind === 'brief' && task.attempt === data.attempt;
  const upTo = isBriefAgain ? data.attempt - 1 : data.attempt;
  const reason = 'the issue is no Design Brief any more';
  for (const id of live) {
    await lives.apply(
      id,
      ({ attempt }) =>
        attempt <= upTo ? { kind: 'withdraw', at: clock.now(), by: 'monitor', reason } : undefined,
      { causationId },
    );
  }
}

/** Closing ends every attempt up to this one; a later attempt is not the business of an older event. */
async function endCouncils(
  { lives, queries, clock }: TaskDependencies,
  { id: causationId, data }: CloudEvent<tasks.TaskView>,
  reason: string,
): Promise<void> {
  for (const id of await queries.liveOfTask(data.id)) {
    try {
      await lives.apply(
        id,
        ({ attempt }) =>
          attempt <= data.attempt ? { kind: 'cancel', at: clock.now(), by: 'monitor', reason } : undefined,
        { causationId },
      );
    } catch (cause) {
      // It has come to its own end in between.
      if (!(cause instanceof CallError && cause.code === 'failed_precondition')) throw cause;
    }
  }
}
