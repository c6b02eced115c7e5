import { useEffect, useState } from 'preact/hooks';
import type { Artifact, Council, World } from '../live/world.ts';
import { bytes, clock, plain } from '../live/words.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Prose } from '../parts/prose.tsx';
import { Votes } from './council-parts.tsx';

type Loaded = Artifact & { readonly content: string };

/** One version of an artifact, to read. Its text is data: it is shown, never run. */
export function ArtifactReader({
  world,
  council,
  artifact,
  onClose,
}: {
  world: World;
  council: Council;
  artifact: Artifact;
  onClose: () => void;
}) {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [failure, setFailure] = useState('');
  useEffect(() => {
    let isOpen = true;
    world.api
      .get<Loaded>(`/api/v1/councils/${council.id}/artifacts/${artifact.id}`)
      .then((answer) => isOpen && setLoaded(answer))
      .catch(
        (cause: unknown) => isOpen && setFailure(cause instanceof Error ? cause.message : String(cause)),
      );
    return () => {
      isOpen = false;
    };
  }, [world, council.id, artifact.id]);
  return (
    <Dialog title={plain(artifact.kind)} onClose={onClose} wide>
      <dl class="facts">
        <div>
          <dt>Version</dt>
          <dd>{artifact.version}</dd>
        </div>
        <div>
          <dt>By</dt>
          <dd>
            {artifact.author_agent_id} <small>{artifact.author_role}</small>
          </dd>
        </div>
        <div>
          <dt>Written</dt>
          <dd>{clock(artifact.created_at)}</dd>
        </div>
        <div>
          <dt>Size</dt>
          <dd>{bytes(artifact.bytes)}</dd>
        </div>
        <div>
          <dt>Standing</dt>
          <dd>
            <Votes artifact={artifact} />
          </dd>
        </div>
        <div class="wide">
          <dt>Address</dt>
          <dd>
            <code>{artifact.ucxl_address}</code>
          </dd>
        </div>
      </dl>
      {failure && (
        <p class="refused" role="alert">
          {failure}
        </p>
      )}
      {!failure && !loaded && <p class="hint">Reading …</p>}
      {loaded && <Prose text={loaded.content} mediaType={loaded.media_type} />}
    </Dialog>
  );
}
