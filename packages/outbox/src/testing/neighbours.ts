import { randomUUID } from 'node:crypto';
import { type Bus } from '@whoosh/bus';
import {
  type agents,
  type CallContract,
  CallError,
  type CloudEvent,
  type EventContract,
  tasks,
} from '@whoosh/contracts';
import { cloudEventOf } from '@whoosh/contracts/testing';
import { type DB } from '@whoosh/db';
import { until } from '@whoosh/testkit';
import { type Kysely } from 'kysely';
import { type Surroundings } from './surroundings.ts';

/** The kind of lives that the service under test has, one after another for a task. */
export interface LivesOfTasks<View> {
  /** As in the subjects of their events. */
  readonly noun: string;
  /** Lists them, newest first. */
  readonly list: CallContract<{ limit: number; task_id?: string | undefined }, { items: View[] }>;
}

/**
 * Plays the neighbours of a service under test: stores the rows they own, says their events, answers for monitor, and hears what the
 * service says of its own lives. Active after `bus.flush()`.
 */
export class Neighbours<View> implements AsyncDisposable {
  readonly resources: AsyncDisposableStack;
  readonly db: Kysely<DB>;
  readonly databaseUrl: string;
  readonly natsUrl: string;
  readonly bus: Bus;
  /** What monitor answers to `task.get`. */
  readonly tasks = new Map<string, tasks.TaskWithBody>();
  /** Everything the service published about its lives, in the order of the stream. */
  readonly events: CloudEvent<View>[] = [];
  readonly #lives: LivesOfTasks<View>;

  constructor({ resources, db, databaseUrl, nats, bus }: Surroundings, lives: LivesOfTasks<View>) {
    this.#lives = lives;
    this.resources = resources;
    this.db = db;
    this.databaseUrl = databaseUrl;
    this.natsUrl = nats.url;
    this.bus = bus;
    bus.connection.subscribe(`whoosh.v1.event.${lives.noun}.>`, {
      callback: (_, message) => void this.events.push(message.json()),
    });
    bus.serve(tasks.getTask, async ({ id }) => {
      const task = this.tasks.get(id);
      if (task === undefined) throw new CallError('not_found', 'no such task');
      return task;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.resources.disposeAsync();
  }

  /** A task that monitor has stored and answers for; the event is said apart. */
  async storeTask(task: tasks.TaskWithBody): Promise<tasks.TaskWithBody> {
    await insertTask(this.db, task);
    this.tasks.set(task.id, task);
    return task;
  }

  /** An agent that the orchestrator knows, perhaps for long; nobody is told. */
  async storeAgent(agent: agents.AgentView): Promise<void> {
    const { id, agent_id, name, capabilities, source, status, created_at, updated_at } = agent;
    await this.db
      .insertInto('agents')
      .values({ id, agent_id, name, capabilities, source, status, created_at, updated_at })
      .onConflict((conflict) => conflict.column('agent_id').doNothing())
      .execute();
  }

  /** @param change what is different from the task as monitor answers for it */
  async sayTask(
    contract: typeof tasks.taskOpened,
    task: tasks.TaskWithBody,
    change: Partial<tasks.TaskView> = {},
  ): Promise<void> {
    await this.say(contract, task.id, { ...task, ...change });
  }

  /** Says an event of a life as its owner would. The contract drops what is not of the view. */
  async say(contract: EventContract, id: string, view: object): Promise<void> {
    const data = contract.data.parse({
      ...view,
      change: { from: null, to: 'said', reason: 'test', by: 'test' },
    });
    const event = cloudEventOf(contract, {
      id: randomUUID(),
      subject: id,
      data,
      time: new Date().toISOString(),
    });
    await this.bus.store(contract.subject.at({ id }), event, { id: event.id });
  }

  /** Waits until the newest life of the task is as it should be. */
  async until(taskId: string, isSo: (view: View) => boolean): Promise<View> {
    const { noun, list } = this.#lives;
    let last: View | undefined;
    return (await until(
      async () => {
        const { items } = await this.bus.call(list, { limit: 1, task_id: taskId });
        [last] = items;
        return last !== undefined && isSo(last) ? last : undefined;
      },
      { describe: () => `the ${noun} to be so: ${JSON.stringify(last)}` },
    )) as View;
  }

  /** What was told of a life so far, such as `formed`. */
  happenings(id: string): string[] {
    return this.events.filter(({ subject }) => subject === id).map(({ type }) => type.split('.')[2] ?? '');
  }
}

/** The row of a task as monitor stores it. */
export async function insertTask(db: Kysely<DB>, task: tasks.TaskWithBody): Promise<void> {
  const { body_excerpt: _, council_id: __, assigned_team_id: ___, ...row } = task;
  await db.insertInto('tasks').values(row).execute();
}
