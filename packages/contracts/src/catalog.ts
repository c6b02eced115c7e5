import * as agents from './agents.ts';
import * as backbeat from './backbeat.ts';
import * as councils from './councils.ts';
import * as deployments from './deployments.ts';
import * as repositories from './repositories.ts';
import * as tasks from './tasks.ts';
import * as teams from './teams.ts';
import { type CallContract, type EventContract, type MessageContract } from './define.ts';

const AREAS = [repositories, tasks, councils, teams, agents, deployments, backbeat];

type Contract = EventContract | CallContract | MessageContract;

function everyOf<Kind extends Contract['kind']>(kind: Kind): Extract<Contract, { kind: Kind }>[] {
  return AREAS.flatMap((area) => Object.values(area) as unknown[]).filter(
    (value): value is Extract<Contract, { kind: Kind }> =>
      typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind,
  );
}

/** A fixed order, whatever order a module system lists its exports in. */
function by<Item>(key: (item: Item) => string): (a: Item, b: Item) => number {
  return (a, b) => (key(a) < key(b) ? -1 : 1);
}

/** Everything that is said on the bus; schemas, documents and checks are made from these lists. */
export const EVENTS: readonly EventContract[] = everyOf('event').toSorted(by(({ type }) => type));
export const CALLS: readonly CallContract[] = everyOf('call').toSorted(by(({ subject }) => subject.pattern));
export const MESSAGES: readonly MessageContract[] = everyOf('message').toSorted(
  by(({ subject }) => subject.pattern),
);

const byType = new Map(EVENTS.map((event) => [event.type, event]));

/** The contract of a CloudEvent by its `type`; undefined when nobody declared it. */
export function eventByType(type: string): EventContract | undefined {
  return byType.get(type);
}
