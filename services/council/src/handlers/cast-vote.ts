import { type CallContext } from '@whoosh/bus';
import { CallError, councils, type RequestOf } from '@whoosh/contracts';
import { once, speaker } from '@whoosh/outbox';
import { assert, type Clock } from '@whoosh/stdx';
import { type CouncilLives } from '../lives.ts';
import { artifactView } from '../view.ts';

type Request = RequestOf<typeof councils.castVote>;

export function castVote({ lives, clock }: { lives: CouncilLives; clock: Clock }) {
  return async (request: Request, ctx: CallContext): Promise<councils.ArtifactView> => {
    const { principal } = ctx;
    if (principal?.kind !== 'agent') throw new CallError('permission_denied', 'only agents vote');
    const { artifact_id: artifactId, vote, reason = null } = request;
    return await once('council', lives, { contract: councils.castVote, request, ctx }, async (turn) => {
      const council = await turn.apply(
        request.council_id,
        () => ({
          kind: 'vote',
          at: clock.now(),
          by: speaker(ctx),
          artifactId,
          agentId: principal.id,
          vote,
          reason,
        }),
        { causationId: ctx.requestId },
      );
      const artifact = council.artifacts.find(({ id }) => id === artifactId);
      assert(artifact !== undefined, 'a vote is about an artifact of the council');
      return artifactView(council, artifact);
    });
  };
}
