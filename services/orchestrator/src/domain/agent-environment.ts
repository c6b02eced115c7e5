/** What an agent is told when it is started: the variables that agents of this kind already know. */
import { type tasks } from '@whoosh/contracts';
import { truncateUtf8 } from '@whoosh/stdx';
import { type Profile } from './agent.ts';
import { type Owner, type Seat } from './seats.ts';

/** Of the task's text; the rest is to be had over REST. */
export const DESCRIPTION_BYTES_MAX = 16 * 1024;

/** The part that is stored with the deployment: it depends on the seat and its task alone. */
export function seatEnvironment(
  owner: Owner,
  seat: Seat,
  task: tasks.TaskWithBody,
  profile: Pick<Profile, 'capabilities' | 'model'> | undefined,
): Record<string, string> {
  return {
    CHORUS_AGENT_NAME: seat.role,
    CHORUS_AGENT_ID: seat.agentId,
    ...(owner.kind === 'council' ? { CHORUS_COUNCIL_ID: owner.id } : { CHORUS_TEAM_ID: owner.id }),
    CHORUS_TASK_ID: owner.taskId,
    CHORUS_TASK_TITLE: withoutNul(task.title),
    CHORUS_TASK_DESC: truncateUtf8(withoutNul(task.body), DESCRIPTION_BYTES_MAX).text,
    CHORUS_PRIORITY: task.priority,
    CHORUS_CAPABILITIES: (profile?.capabilities ?? [seat.role]).join(','),
    ...(owner.project === null ? {} : { CHORUS_PROJECT: owner.project }),
    ...(task.url === null ? {} : { CHORUS_EXTERNAL_URL: task.url }),
    ...(profile?.model == null ? {} : { CHORUS_MODEL: profile.model }),
  };
}

/** A NUL ends a string for the operating system, and neither a process nor a container can be started with one. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
}
