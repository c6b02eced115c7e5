import { type CallContext } from '@whoosh/bus';
import { CallError, councils, type RequestOf } from '@whoosh/contracts';
import { once, speaker } from '@whoosh/outbox';
import { type Clock } from '@whoosh/stdx';
import { type CouncilLives } from '../lives.ts';
import { type ClaimOutcome, type CouncilMetrics } from '../metrics.ts';
import { type Pace } from '../pace.ts';
import { type Role } from '../roles.ts';
import { toView } from '../view.ts';

interface ClaimDependencies {
  readonly lives: CouncilLives;
  readonly roles: ReadonlyMap<string, Role>;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly metrics: CouncilMetrics;
}

type Request = RequestOf<typeof councils.claimRole>;

/** A RoleClaim of an agent for itself. The seat's row is locked, so that across all replicas one of two wins. */
export function claimRole(deps: ClaimDependencies) {
  return async (request: Request, ctx: CallContext): Promise<councils.CouncilView> => {
    try {
      const view = await claim(deps, request, ctx);
      deps.metrics.claimed('accepted');
      return view;
    } catch (cause) {
      deps.metrics.claimed(outcomeOf(cause));
      throw cause;
    }
  };
}

async function claim(
  { lives, roles, pace, clock }: ClaimDependencies,
  request: Request,
  ctx: CallContext,
): Promise<councils.CouncilView> {
  const { principal } = ctx;
  if (principal?.kind !== 'agent' || principal.id !== request.agent_id) {
    throw new CallError('permission_denied', 'an agent takes a seat for itself, with its own token');
  }
  return await once('council', lives, { contract: councils.claimRole, request, ctx }, async (turn) => {
    const council = await turn.apply(
      request.council_id,
      () => ({
        kind: 'claim',
        at: clock.now(),
        by: speaker(ctx),
        role: request.role,
        agentId: request.agent_id,
        deploymentId: principal.deployment_id ?? null,
        capabilities: request.capabilities,
        required: roles.get(request.role)?.defaults.capabilities ?? [],
        beat: pace.now().index,
      }),
      { causationId: ctx.requestId },
    );
    return toView(council);
  });
}

function outcomeOf(cause: unknown): ClaimOutcome {
  if (!(cause instanceof CallError)) return 'refused';
  const { code } = cause;
  return code === 'taken' || code === 'not_qualified' || code === 'unavailable' ? code : 'refused';
}
