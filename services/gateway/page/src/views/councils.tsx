import { useState } from 'preact/hooks';
import { useCell } from '../live/cell.ts';
import type { Artifact, Council, World } from '../live/world.ts';
import { Ago, Empty } from '../parts/bits.tsx';
import { Chip } from '../parts/chip.tsx';
import { ArtifactReader } from './artifact-reader.tsx';
import { Artifacts, PhaseSteps, Seats } from './council-parts.tsx';

export function CouncilsView({ world }: { world: World }) {
  useCell(world.councils);
  const [reading, setReading] = useState<{ council: Council; artifact: Artifact } | null>(null);
  const councils = world.councils.newest;
  if (councils.length === 0) {
    return (
      <Empty title="No council yet">
        A council forms for an issue that is labelled <code>chorus-entrypoint</code> and whose title contains
        “Design Brief”.
      </Empty>
    );
  }
  return (
    <div class="councils">
      {councils.map((council) => (
        <article key={council.id} class="card council">
          <header>
            <div>
              <p class="line">
                {council.project_name}
                {council.attempt > 1 && ` · attempt ${council.attempt}`}
              </p>
              <h3>{council.title}</h3>
            </div>
            <Chip state={council.status} />
          </header>
          {council.reason && <p class="reason">{council.reason}</p>}
          {council.round && <PhaseSteps round={council.round} />}
          <Seats council={council} />
          <Artifacts council={council} onRead={(artifact) => setReading({ council, artifact })} />
          <footer>
            <Ago at={council.updated_at} />
          </footer>
        </article>
      ))}
      {reading && <ArtifactReader world={world} {...reading} onClose={() => setReading(null)} />}
    </div>
  );
}
