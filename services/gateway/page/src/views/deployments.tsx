import { useCell } from '../live/cell.ts';
import type { Deployment, World } from '../live/world.ts';
import { short } from '../live/words.ts';
import { Ago, Empty } from '../parts/bits.tsx';
import { Chip } from '../parts/chip.tsx';

const WAY = ['wanted', 'creating', 'running', 'healthy'] as const;

export function DeploymentsView({ world }: { world: World }) {
  useCell(world.deployments);
  useCell(world.councils);
  useCell(world.teams);
  const groups = Map.groupBy(world.deployments.newest, ({ owner_id }) => owner_id);
  if (groups.size === 0) {
    return (
      <Empty title="Nothing deployed">
        An agent is deployed for every seat of a council and every member of a team.
      </Empty>
    );
  }
  return (
    <div class="deployments">
      {[...groups].map(([owner, deployments]) => (
        <section key={owner} class="card">
          <header>
            <h3>{ownerName(world, owner)}</h3>
            <span class="line">{deployments[0]?.owner_kind}</span>
          </header>
          <ul>
            {deployments.map((deployment) => (
              <DeploymentRow key={deployment.id} deployment={deployment} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function ownerName(world: World, id: string): string {
  return world.councils.value.get(id)?.title ?? world.teams.value.get(id)?.name ?? short(id);
}

function DeploymentRow({ deployment }: { deployment: Deployment }) {
  const at = (WAY as readonly string[]).indexOf(deployment.status);
  return (
    <li class={deployment.status}>
      <div>
        <b>{deployment.role}</b> <span class="who">{deployment.agent_id}</span>
        {deployment.reason && <p class="why">{deployment.reason}</p>}
      </div>
      <span class="way" aria-hidden="true">
        {WAY.map((step, index) => (
          <i key={step} class={at >= index ? 'on' : ''} />
        ))}
      </span>
      <Chip state={deployment.status} />
      <small>
        {deployment.runtime}
        {deployment.attempt > 1 && ` · attempt ${deployment.attempt}`}
      </small>
      <Ago at={deployment.updated_at} />
    </li>
  );
}
