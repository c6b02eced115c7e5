import { type Bus, type Delivered } from '@whoosh/bus';
import { type CloudEvent, tasks } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { type Clock } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type Kysely } from 'kysely';
import { type TeamComposer } from '../compose-team.ts';
import { type TeamLives } from '../lives.ts';
import { type TeamStore } from '../store/teams.ts';

interface TaskDependencies {
  readonly bus: Bus;
  readonly db: Kysely<DB>;
  readonly store: TeamStore;
  readonly lives: TeamLives;
  readonly composer: TeamComposer;
  readonly clock: Clock;
  readonly log: Log;
}

type TaskEvent = CloudEvent<tasks.TaskView>;

/** Tasks that are work get a team; what becomes of their issue may end it. */
export function onTask(deps: TaskDependencies) {
  return async ({ body }: Delivered): Promise<void> => {
    const event = body as TaskEvent;
    switch (event.type) {
      case tasks.taskOpened.type:
      case tasks.taskReopened.type:
      case tasks.taskChanged.type:
        return await followTask(deps, event);
      case tasks.taskClosed.type:
        return await endTeams(deps, event);
      default:
        return;
    }
  };
}

async function followTask(deps: TaskDependencies, event: TaskEvent): Promise<void> {
  const task = event.data;
  if (task.issue_state === 'closed' || task.removed_at !== null) return await endTeams(deps, event);
  if (task.kind !== 'work') return await withdrawTeams(deps, event);
  const team = await deps.store.ofTask(deps.db, task.id, task.attempt);
  if (team === undefined) await composeTeam(deps, event);
}

/**
 * Teams of this attempt and of those before, which a task that changed its kind left behind. A task that is work again
 * by now keeps its team: within one attempt it would get no other.
 */
async function withdrawTeams(deps: TaskDependencies, { id: causationId, data }: TaskEvent): Promise<void> {
  const { bus, db, store, lives, clock } = deps;
  if ((await store.liveOfTask(db, data.id, data.attempt)).length === 0) return;
  const task = await bus.call(tasks.getTask, { id: data.id }, { causationId });
  const isWorkAgain = task.kind === 'work' && task.attempt === data.attempt;
  const upTo = isWorkAgain ? data.attempt - 1 : data.attempt;
  for (const id of await store.liveOfTask(db, data.id, upTo)) {
    const reason = 'the issue asks for no team any more';
    await lives.apply(id, { kind: 'withdraw', at: clock.now(), by: 'monitor', reason }, { causationId });
  }
}

/** The event is a reason to look: what the task is now decides, and how its whole text reads. */
async function composeTeam(deps: TaskDependencies, { id: causationId, data }: TaskEvent): Promise<void> {
  const { bus, lives, composer, log } = deps;
  const task = await bus.call(tasks.getTask, { id: data.id }, { causationId });
  if (task.kind !== 'work' || task.issue_state === 'closed' || task.attempt !== data.attempt) {
    log.info({ task: task.id, attempt: data.attempt }, 'the task is none any more, no team is composed');
    return;
  }
  const online = await composer.agents(causationId);
  await lives.change((turn) => composer.compose(turn, task, online, { by: 'composer', causationId }));
}

/** Closing ends every attempt up to this one; a later attempt is not the business of an older event. */
async function endTeams(
  { db, store, lives, clock }: TaskDependencies,
  { id: causationId, data }: TaskEvent,
): Promise<void> {
  for (const id of await store.liveOfTask(db, data.id, data.attempt)) {
    const reason = 'the issue was closed';
    await lives.apply(id, { kind: 'close', at: clock.now(), by: 'monitor', reason }, { causationId });
  }
}
