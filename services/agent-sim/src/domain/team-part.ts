/** What an agent with a seat in a team does on a beat: plan, work, have it reviewed, be done. */
import { type Brief, weightOf } from './brief.ts';
import { type Claim } from './sim-agent.ts';

const PLANNING_BEATS = 2;
const REVIEWING_BEATS = 2;
const EXECUTING_BEATS_MIN = 6;
const EXECUTING_BEATS_MAX = 40;

/** A larger task takes longer. */
export function executingBeats(brief: Brief): number {
  return Math.min(EXECUTING_BEATS_MAX, EXECUTING_BEATS_MIN + weightOf(brief));
}

/** @param age beats since the agent began */
export function teamClaim(taskId: string, role: string, brief: Brief, age: number): Claim {
  const executing = executingBeats(brief);
  const length = PLANNING_BEATS + executing + REVIEWING_BEATS;
  if (age > length) return { state: 'idle' };
  if (age === length) return { state: 'completed', task_id: taskId, progress: 1, beats_left: 0 };
  const beats_left = length - age;
  const progress = Math.round((age / length) * 100) / 100;
  const said = { task_id: taskId, beats_left, progress, notes: noteAt(role, brief, age) };
  if (age < PLANNING_BEATS) return { ...said, state: 'planning' };
  if (age < PLANNING_BEATS + executing) return { ...said, state: 'executing' };
  return { ...said, state: 'reviewing', progress: age === length - 1 ? 1 : progress };
}

const NOTE_CHARACTERS_MAX = 200;

function noteAt(role: string, brief: Brief, age: number): string {
  const items = brief.scope;
  return `${role}: ${items[age % items.length] ?? brief.title}`.slice(0, NOTE_CHARACTERS_MAX).toWellFormed();
}
