import { type CallContext } from '@whoosh/bus';
import { type RequestOf, teams } from '@whoosh/contracts';
import { once, speaker } from '@whoosh/outbox';
import { type Clock } from '@whoosh/stdx';
import { type TeamLives } from '../lives.ts';
import { toView } from '../view.ts';

export function setTeamStatus({ lives, clock }: { lives: TeamLives; clock: Clock }) {
  return async (request: RequestOf<typeof teams.setTeamStatus>, ctx: CallContext): Promise<teams.TeamView> =>
    await once('composer', lives, { contract: teams.setTeamStatus, request, ctx }, async (turn) => {
      const { id, status, reason } = request;
      const input = { kind: 'set_status', at: clock.now(), by: speaker(ctx), status, reason } as const;
      return toView(await turn.apply(id, input, { causationId: ctx.requestId }));
    });
}
