import { type CallContext } from '@whoosh/bus';
import { councils, type RequestOf } from '@whoosh/contracts';
import { once, speaker } from '@whoosh/outbox';
import { type Clock } from '@whoosh/stdx';
import { type CouncilLives } from '../lives.ts';
import { toView } from '../view.ts';

type Request = RequestOf<typeof councils.cancelCouncil>;

export function cancelCouncil({ lives, clock }: { lives: CouncilLives; clock: Clock }) {
  return async (request: Request, ctx: CallContext): Promise<councils.CouncilView> =>
    await once('council', lives, { contract: councils.cancelCouncil, request, ctx }, async (turn) => {
      const reason = request.reason ?? 'an admin ended it';
      const council = await turn.apply(
        request.id,
        () => ({ kind: 'cancel', at: clock.now(), by: speaker(ctx), reason }),
        { causationId: ctx.requestId },
      );
      return toView(council);
    });
}
