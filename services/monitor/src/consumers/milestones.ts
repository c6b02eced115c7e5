/** What councils, teams and deployments did to a task: its status, and the comment on its issue, in one transaction. */
import { type CloudEvent, type councils, type teams } from '@whoosh/contracts';
import { type Delivered } from '@whoosh/bus';
import { type Clock } from '@whoosh/stdx';
import { councilComment, teamComment, type Comment } from '../domain/milestone.ts';
import { type CouncilHappened, type TeamHappened } from '../domain/task.ts';
import { type CommentStore } from '../store/comments.ts';
import { type Lives } from '../sync/lives.ts';

export interface MilestoneDeps {
  readonly lives: Lives;
  readonly comments: CommentStore;
  readonly clock: Clock;
  /** Off by `WHOOSH_GITEA_COMMENTS=false`. */
  readonly commenting: boolean;
  /** Something may be there to post. */
  readonly wanted: () => void;
}

const COUNCIL: ReadonlySet<string> = new Set<CouncilHappened>([
  'forming',
  'active',
  'completed',
  'failed',
  'cancelled',
]);
const TEAM: ReadonlySet<string> = new Set<TeamHappened>([
  'waiting',
  'composed',
  'deployed',
  'working',
  'completed',
  'failed',
  'cancelled',
]);

export function onMilestone(deps: MilestoneDeps): (message: Delivered) => Promise<void> {
  return async (message) => {
    const event = message.body as CloudEvent;
    const [, noun = '', happened = ''] = event.type.split('.');
    if (noun === 'council') {
      const council = event.data as councils.CouncilView;
      // Seats and phases leave the task's state alone; the present state of the council says what it is.
      const input = COUNCIL.has(happened) ? (happened as CouncilHappened) : council.status;
      await apply(
        deps,
        council.task_id,
        {
          type: 'council',
          happened: input,
          councilId: council.id,
          revision: council.revision,
          attempt: council.attempt,
          reason: council.reason ?? council.status,
        },
        event.id,
        councilComment(happened, council),
      );
    } else if (noun === 'team') {
      const team = event.data as teams.TeamView;
      if (!TEAM.has(happened)) return;
      await apply(
        deps,
        team.task_id,
        {
          type: 'team',
          happened: happened as TeamHappened,
          teamId: team.id,
          revision: team.revision,
          attempt: team.attempt,
          reason: team.reason ?? team.status,
        },
        event.id,
        teamComment(happened, team),
      );
    }
  };
}

async function apply(
  deps: MilestoneDeps,
  taskId: string,
  input: Parameters<Lives['onOwner']>[1],
  eventId: string,
  comment: Comment | undefined,
): Promise<void> {
  await deps.lives.onOwner(taskId, input, eventId, async (trx, task) => {
    if (comment === undefined || !deps.commenting || task.number === null || input.attempt !== task.attempt)
      return;
    await deps.comments.want(trx, {
      taskId: task.id,
      attempt: task.attempt,
      ...comment,
      at: deps.clock.now(),
    });
  });
  if (comment !== undefined && deps.commenting) deps.wanted();
}
