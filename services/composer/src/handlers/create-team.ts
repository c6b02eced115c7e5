import { type Bus, type CallContext } from '@whoosh/bus';
import { CallError, type RequestOf, tasks, teams } from '@whoosh/contracts';
import { once, speaker } from '@whoosh/outbox';
import { assert } from '@whoosh/stdx';
import { type TeamComposer } from '../compose-team.ts';
import { type TeamLives, type Turn } from '../lives.ts';
import { type TeamStore } from '../store/teams.ts';
import { toView } from '../view.ts';

interface CreateDependencies {
  readonly bus: Bus;
  readonly store: TeamStore;
  readonly lives: TeamLives;
  readonly composer: TeamComposer;
}

type Request = RequestOf<typeof teams.createTeam>;

/** A team by hand, for a task that has none in this attempt. */
export function createTeam({ bus, store, lives, composer }: CreateDependencies) {
  return async (request: Request, ctx: CallContext): Promise<teams.TeamView> => {
    const { requestId: causationId } = ctx;
    const task = await bus.call(tasks.getTask, { id: request.task_id });
    if (task.issue_state === 'closed') throw new CallError('failed_precondition', 'the issue is closed');
    if (task.kind === 'brief') {
      throw new CallError('failed_precondition', 'a Design Brief has a council, not a team');
    }
    const online = await composer.agents();
    return await once('composer', lives, { contract: teams.createTeam, request, ctx }, async (turn) => {
      await refuseSecond(store, turn, task);
      const wish = { by: speaker(ctx), strategy: request.strategy, causationId };
      const team = await composer.compose(turn, task, online, wish);
      if (team) return toView(team);
      // Somebody else was faster between the look and the writing.
      await refuseSecond(store, turn, task);
      assert(false, 'a team that could not be stored is there');
    });
  };
}

async function refuseSecond(store: TeamStore, turn: Turn, task: tasks.TaskView): Promise<void> {
  const known = await store.ofTask(turn.trx, task.id, task.attempt);
  if (known === undefined) return;
  throw new CallError('conflict', 'the task has a team for this attempt', { details: { team_id: known.id } });
}
