/**
 * The life of an agent as the registry sees it: `online (idle, working) → stale → offline`, and back to
 * online with a new epoch. Pure: time comes in with the input, and every change says why and on whose word.
 */
import { type backbeat } from '@whoosh/contracts';
import { type Instant } from '@whoosh/stdx';

export interface HeardClaim {
  readonly beatIndex: number;
  readonly state: backbeat.ClaimState;
  readonly taskId: string | null;
  readonly beatsLeft: number | null;
  readonly progress: number | null;
  readonly at: Instant;
}

/** What an agent says about itself when it registers. */
export interface Profile {
  readonly name: string;
  readonly role: string | null;
  readonly capabilities: readonly string[];
  readonly model: string | null;
  readonly endpoint: string | null;
}

/** Where it came from: deployed for a council or a team, or registered by itself. */
export interface Origin {
  readonly source: 'registered' | 'deployed';
  readonly deploymentId: string | null;
  readonly councilId: string | null;
  readonly teamId: string | null;
}

export interface Agent extends Profile, Origin {
  readonly id: string;
  readonly agentId: string;
  readonly status: 'online' | 'stale' | 'offline';
  readonly activity: 'idle' | 'working';
  readonly epoch: number;
  readonly lastSeen: Instant | null;
  readonly lastClaim: HeardClaim | null;
  readonly revision: number;
  readonly removedAt: Instant | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export type AgentInput =
  | { readonly type: 'registered'; readonly at: Instant; readonly profile: Profile; readonly origin: Origin }
  | { readonly type: 'claimed'; readonly claim: HeardClaim }
  | { readonly type: 'heartbeat'; readonly at: Instant; readonly activity: Agent['activity'] | undefined }
  | { readonly type: 'silent'; readonly at: Instant; readonly level: 'stale' | 'offline' }
  | { readonly type: 'farewell'; readonly at: Instant }
  | { readonly type: 'withdrawn'; readonly at: Instant; readonly reason: string };

export type AgentEvent = 'registered' | 'online' | 'stale' | 'offline';

export interface AgentTransition {
  readonly event: AgentEvent;
  readonly agent: Agent;
  readonly from: string | null;
  readonly to: string;
  readonly reason: string;
}

export interface AgentStep {
  readonly agent: Agent;
  /** In order, each with the agent as it was after that change. */
  readonly transitions: readonly AgentTransition[];
}

/** The state as history spells it. */
export function agentState({ status, activity }: Pick<Agent, 'status' | 'activity'>): string {
  return status === 'online' ? `online (${activity})` : status;
}

/** An agent that registers for the first time. */
export function newAgent(
  ids: { id: string; agentId: string },
  { at, profile, origin }: Extract<AgentInput, { type: 'registered' }>,
): AgentStep {
  const agent: Agent = {
    ...ids,
    ...profile,
    ...origin,
    status: 'online',
    activity: 'idle',
    epoch: 1,
    lastSeen: at,
    lastClaim: null,
    revision: 1,
    removedAt: null,
    createdAt: at,
    updatedAt: at,
  };
  const transition = {
    event: 'registered',
    agent,
    from: null,
    to: agentState(agent),
    reason: 'registered',
  } as const;
  return { agent, transitions: [transition] };
}

/** Total: an input that changes nothing worth telling gives no transition. */
export function stepAgent(agent: Agent, input: AgentInput): AgentStep {
  switch (input.type) {
    case 'registered':
      return register(agent, input);
    case 'claimed':
      return hear(
        { ...agent, lastClaim: newest(agent.lastClaim, input.claim) },
        input.claim.at,
        activityOf(input.claim, agent.activity),
        `claims ${input.claim.state}`,
      );
    case 'heartbeat':
      return hear(agent, input.at, input.activity ?? agent.activity, 'said so over REST');
    case 'silent':
      return silence(agent, input.at, input.level);
    case 'farewell':
      return goOffline(agent, input.at, 'said farewell');
    case 'withdrawn': {
      const gone = goOffline(agent, input.at, input.reason);
      return { ...gone, agent: { ...gone.agent, removedAt: gone.agent.removedAt ?? input.at } };
    }
  }
}

function register(
  before: Agent,
  { at, profile, origin }: Extract<AgentInput, { type: 'registered' }>,
): AgentStep {
  const renewed: Agent = { ...before, ...profile, ...origin, removedAt: null };
  const registered = isSameRegistration(before, renewed)
    ? { agent: before, transitions: [] }
    : change(before, renewed, at, 'registered', 'registered again');
  const heard = hear(registered.agent, at, registered.agent.activity, 'registered again');
  return { agent: heard.agent, transitions: [...registered.transitions, ...heard.transitions] };
}

function isSameRegistration(a: Agent, b: Agent): boolean {
  const same = (key: Exclude<keyof Profile | keyof Origin, 'capabilities'>) => a[key] === b[key];
  return (
    (['name', 'role', 'model', 'endpoint', 'source', 'deploymentId', 'councilId', 'teamId'] as const).every(
      same,
    ) &&
    a.capabilities.length === b.capabilities.length &&
    a.capabilities.every((capability, at) => capability === b.capabilities[at]) &&
    a.removedAt === b.removedAt
  );
}

/** It was heard: it is online, whatever it was, and after having been offline in a new epoch. */
function hear(before: Agent, at: Instant, activity: Agent['activity'], reason: string): AgentStep {
  const lastSeen = Math.max(before.lastSeen ?? at, at);
  const after: Agent = {
    ...before,
    lastSeen,
    status: 'online',
    activity,
    epoch: before.status === 'offline' ? before.epoch + 1 : before.epoch,
  };
  if (agentState(before) === agentState(after)) return { agent: after, transitions: [] };
  return change(before, after, at, 'online', reason);
}

function silence(before: Agent, at: Instant, level: 'stale' | 'offline'): AgentStep {
  if (before.status === 'offline' || before.status === level) return { agent: before, transitions: [] };
  if (level === 'offline') return goOffline(before, at, 'silent for too long');
  return change(before, { ...before, status: 'stale' }, at, 'stale', 'missed its beats');
}

function goOffline(before: Agent, at: Instant, reason: string): AgentStep {
  if (before.status === 'offline') return { agent: before, transitions: [] };
  return change(before, { ...before, status: 'offline', activity: 'idle' }, at, 'offline', reason);
}

function change(before: Agent, after: Agent, at: Instant, event: AgentEvent, reason: string): AgentStep {
  const agent: Agent = { ...after, revision: before.revision + 1, updatedAt: at };
  const transition = { event, agent, from: agentState(before), to: agentState(agent), reason };
  return { agent, transitions: [transition] };
}

function newest(known: HeardClaim | null, heard: HeardClaim): HeardClaim {
  return known !== null && known.at > heard.at ? known : heard;
}

const WORKING_STATES: ReadonlySet<backbeat.ClaimState> = new Set([
  'planning',
  'executing',
  'reviewing',
  'helping',
]);

/** Working is who has a task and does something about it; a blocked one keeps what it was. */
function activityOf(claim: HeardClaim, before: Agent['activity']): Agent['activity'] {
  if (claim.state === 'blocked') return before;
  return claim.taskId !== null && WORKING_STATES.has(claim.state) ? 'working' : 'idle';
}
