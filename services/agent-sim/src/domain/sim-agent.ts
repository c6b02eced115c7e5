/**
 * One agent of a fleet, beat by beat. Pure but for the {@link Random} it is given, one per agent: the
 * same seed, score and number of beats give the same claims, whatever the other agents do.
 */
import { type backbeat } from '@whoosh/contracts';
import { type Random } from '@whoosh/stdx';
import { type Score } from './score.ts';

/** A StatusClaim without what the link fills in. */
export type Claim = Omit<backbeat.StatusClaim, 'type' | 'agent_id' | 'beat_index' | 'hlc'>;

export const LIES = ['future_beat', 'foreign_agent', 'broken_schema'] as const;
export type Lie = (typeof LIES)[number];

/** What leaves the agent on one beat, and in which way. */
export type SimClaim =
  | { readonly way: 'honest' | 'duplicate' | 'late'; readonly claim: Claim }
  | { readonly way: 'lie'; readonly lie: Lie; readonly claim: Claim };

interface Task {
  readonly id: string;
  readonly helps: boolean;
  readonly planning: number;
  readonly executing: number;
  /** At this beat of its execution it is blocked, so many beats long. */
  readonly blockedAt: number;
  readonly blocked: number;
  readonly reviewing: number;
  readonly fails: boolean;
  readonly promises: boolean;
  /** So many beats too few are promised. */
  readonly slip: number;
  readonly idleAfter: number;
}

export interface SimAgent {
  readonly agentId: string;
  readonly task: Task | undefined;
  /** Beats into the task, or still to be idle. */
  readonly position: number;
  readonly tasksBegun: number;
  readonly fallsSilent: boolean;
  /** One of those that leave out, delay, repeat and lie. */
  readonly misbehaves: boolean;
  readonly silentLeft: number;
}

export interface SimStep {
  readonly agent: SimAgent;
  readonly said: SimClaim | undefined;
}

const FIRST_IDLE_BEATS_MAX = 8;

/** Agents begin at different moments, or a fleet would plan, work and finish in step. */
export function newSimAgent(agentId: string, score: Score, random: Random): SimAgent {
  return {
    agentId,
    task: undefined,
    position: random.int(0, FIRST_IDLE_BEATS_MAX),
    tasksBegun: 0,
    fallsSilent: random.chance(score.silence.agents),
    misbehaves: random.chance(score.claims.agents),
    silentLeft: 0,
  };
}

/** @param others ids of agents that may be helped */
export function stepSimAgent(
  agent: SimAgent,
  score: Score,
  random: Random,
  others: readonly string[],
): SimStep {
  const { agent: moved, claim } = live(agent, score, random, others);
  if (moved.silentLeft > 0) return { agent: { ...moved, silentLeft: moved.silentLeft - 1 }, said: undefined };
  if (moved.fallsSilent && random.chance(score.silence.begins)) {
    return { agent: { ...moved, silentLeft: drawn(score.silence.beats, random) }, said: undefined };
  }
  if (!moved.misbehaves) return { agent: moved, said: { way: 'honest', claim } };
  return { agent: moved, said: misbehave(claim, score, random) };
}

function live(
  agent: SimAgent,
  score: Score,
  random: Random,
  others: readonly string[],
): { agent: SimAgent; claim: Claim } {
  const { task, position } = agent;
  if (task !== undefined) {
    const isOver = position >= lengthOf(task);
    const claim = lineOf(task, position);
    if (isOver) return { agent: { ...agent, task: undefined, position: task.idleAfter }, claim };
    return { agent: { ...agent, position: position + 1 }, claim };
  }
  if (position > 0) return { agent: { ...agent, position: position - 1 }, claim: { state: 'idle' } };
  const begun = drawTask(agent, score, random, others);
  return {
    agent: { ...agent, task: begun, position: 1, tasksBegun: agent.tasksBegun + 1 },
    claim: lineOf(begun, 0),
  };
}

/** Beats of work; on the beat after them the task is completed or failed. */
function lengthOf(task: Task): number {
  return task.planning + task.executing + task.blocked + task.reviewing;
}

/** What the agent says at this beat of its task. */
function lineOf(task: Task, position: number): Claim {
  const length = lengthOf(task);
  if (position >= length) return { state: task.fails ? 'failed' : 'completed', task_id: task.id };
  const said = { state: stateAt(task, position), task_id: task.id, progress: rounded(position / length) };
  const promise = task.promises ? { beats_left: Math.max(1, length - position - task.slip) } : {};
  if (!task.fails && !task.helps && position === length - 1) return { ...said, ...promise, progress: 1 };
  return { ...said, ...promise };
}

function stateAt(task: Task, position: number): Claim['state'] {
  if (task.helps) return 'helping';
  const executed = position - task.planning;
  if (executed < 0) return 'planning';
  if (executed >= task.blockedAt && executed < task.blockedAt + task.blocked) return 'blocked';
  return executed < task.executing + task.blocked ? 'executing' : 'reviewing';
}

function drawTask(agent: SimAgent, score: Score, random: Random, others: readonly string[]): Task {
  const helps = others.length > 0 && random.chance(score.help.share);
  const number = agent.tasksBegun + 1;
  const promises = helps || random.chance(score.promises.given);
  const slip =
    promises && random.chance(score.promises.broken) ? drawn(score.promises.slip_beats, random) : 0;
  const idleAfter = drawn(score.task.idle_beats, random);
  const fails = random.chance(score.task.failed);
  if (helps) {
    const id = `${random.pick(others)}.help-${number}`;
    const beats = drawn(score.help.beats, random);
    const none = { planning: 0, reviewing: 0, blocked: 0, blockedAt: 0 };
    return { ...none, id, helps, executing: beats, fails, promises, slip, idleAfter };
  }
  const executing = drawn(score.task.executing_beats, random);
  const isBlocked = random.chance(score.task.blocked);
  return {
    id: `${agent.agentId}.task-${number}`,
    helps,
    planning: drawn(score.task.planning_beats, random),
    executing,
    blockedAt: isBlocked ? random.int(0, executing - 1) : 0,
    blocked: isBlocked ? drawn(score.task.blocked_beats, random) : 0,
    reviewing: drawn(score.task.reviewing_beats, random),
    fails,
    promises,
    slip,
    idleAfter,
  };
}

function misbehave(claim: Claim, { claims }: Score, random: Random): SimClaim | undefined {
  // One draw for all of them, so that each has exactly its share.
  const draw = random.next();
  const late = claims.silent + claims.late;
  const lying = late + claims.lying;
  if (draw < claims.silent) return undefined;
  if (draw < late) return { way: 'late', claim };
  if (draw < lying) return { way: 'lie', lie: random.pick(LIES), claim };
  return { way: draw < lying + claims.duplicate ? 'duplicate' : 'honest', claim };
}

function drawn([min, max]: readonly [number, number], random: Random): number {
  return random.int(min, max);
}

function rounded(progress: number): number {
  return Math.round(progress * 100) / 100;
}
