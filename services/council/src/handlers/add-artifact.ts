import { type CallContext } from '@whoosh/bus';
import { CallError, councils, type RequestOf } from '@whoosh/contracts';
import { once, speaker } from '@whoosh/outbox';
import { assert, type Clock, sha256Hex } from '@whoosh/stdx';
import { sameArtifact } from '../domain/artifacts.ts';
import { type InputOf } from '../domain/input.ts';
import { type CouncilLives } from '../lives.ts';
import { artifactView } from '../view.ts';

interface ArtifactDependencies {
  readonly lives: CouncilLives;
  readonly clock: Clock;
  readonly newId: () => string;
}

type Request = RequestOf<typeof councils.addArtifact>;

/** Where an artifact lies in its project when its author does not say. */
const PATHS = {
  kickoff_manifest: 'council/kickoff-manifest',
  seminal_decision_record: 'council/seminal-decision-record',
  scaffold_plan: 'council/scaffold-plan',
  gate_tests: 'council/gate-tests',
} as const;

export function addArtifact({ lives, clock, newId }: ArtifactDependencies) {
  return async (request: Request, ctx: CallContext): Promise<councils.ArtifactView> => {
    const { council_id: councilId, kind, content } = request;
    const bytes = Buffer.byteLength(content);
    if (bytes > councils.ARTIFACT_BYTES_MAX) {
      throw new CallError('too_large', `an artifact has at most ${councils.ARTIFACT_BYTES_MAX} bytes`, {
        details: { bytes, bytes_max: councils.ARTIFACT_BYTES_MAX },
      });
    }
    // PostgreSQL cannot keep this character in a text, and no reader of an artifact misses it.
    if (content.includes('\u0000')) {
      throw new CallError('invalid_argument', 'an artifact may not contain the character NUL');
    }
    const input: InputOf<'artifact'> = {
      kind: 'artifact',
      at: clock.now(),
      by: speaker(ctx),
      id: newId(),
      artifactKind: kind,
      mediaType: request.media_type,
      sha256: sha256Hex(content),
      bytes,
      path: request.path ?? PATHS[kind],
      agentId: authorOf(ctx),
    };
    return await once('council', lives, { contract: councils.addArtifact, request, ctx }, async (turn) => {
      const council = await turn.apply(councilId, () => input, { causationId: ctx.requestId, content });
      const artifact = sameArtifact(council, input);
      assert(artifact !== undefined, 'what was added or known is there');
      return artifactView(council, artifact);
    });
  };
}

/** The agent, or null for an admin, who may write in the name of the responsible seat. */
function authorOf({ principal }: CallContext): string | null {
  if (principal?.kind === 'agent') return principal.id;
  if (principal?.role === 'admin') return null;
  throw new CallError('permission_denied', 'artifacts are added by members of the council and by admins');
}
