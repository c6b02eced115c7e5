import { useState } from 'preact/hooks';
import { useCell } from '../live/cell.ts';
import type { Agent, World } from '../live/world.ts';
import { percent, plural } from '../live/words.ts';
import { Ago, Empty, Meter } from '../parts/bits.tsx';
import { Chip } from '../parts/chip.tsx';

const RANK: Readonly<Record<string, number>> = { online: 0, stale: 1, offline: 2 };

export function AgentsView({ world }: { world: World }) {
  useCell(world.agents);
  const [withGone, setWithGone] = useState(false);
  const all = world.agents.newest.toSorted(
    (a, b) => (RANK[a.status] ?? 3) - (RANK[b.status] ?? 3) || a.agent_id.localeCompare(b.agent_id),
  );
  const shown = withGone ? all : all.filter(({ status }) => status !== 'offline');
  if (all.length === 0) {
    return (
      <Empty title="No agent known">
        Agents register with POST /api/v1/agents/register, or are deployed for a council or a team.
      </Empty>
    );
  }
  return (
    <section class="card agents">
      <header>
        <h3>
          {shown.length} agents <small>of {all.length} known</small>
        </h3>
        <label class="switch">
          <input
            type="checkbox"
            checked={withGone}
            onChange={(event) => setWithGone(event.currentTarget.checked)}
          />
          show those that are gone
        </label>
      </header>
      <table>
        <thead>
          <tr>
            <th>Agent</th>
            <th>State</th>
            <th>Last StatusClaim</th>
            <th>Promise</th>
            <th>Can</th>
            <th>Seen</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((agent) => (
            <AgentRow key={agent.id} agent={agent} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function AgentRow({ agent }: { agent: Agent }) {
  const { last_claim: claim } = agent;
  return (
    <tr>
      <td class="main">
        {agent.agent_id}
        <small>
          {agent.role ?? agent.name}
          {agent.council_id && ' · in a council'}
          {agent.team_id && ' · in a team'}
          {agent.source === 'deployed' && ' · deployed'}
        </small>
      </td>
      <td data-label="State">
        <Chip state={agent.status} />
      </td>
      <td data-label="Claims" class="claim">
        {claim ? (
          <>
            <Chip state={claim.state} />
            {claim.progress !== null && (
              <Meter share={claim.progress} label={`progress ${percent(claim.progress)}`} />
            )}
            <small>beat {claim.beat_index}</small>
          </>
        ) : (
          <small>none yet</small>
        )}
      </td>
      <td data-label="Promise">
        {typeof claim?.beats_left === 'number' ? `${plural(claim.beats_left, 'beat')} left` : '–'}
      </td>
      <td data-label="Can" class="labels">
        {agent.capabilities.slice(0, 6).map((one) => (
          <span key={one}>{one}</span>
        ))}
      </td>
      <td data-label="Seen">
        <Ago at={agent.last_seen} />
      </td>
    </tr>
  );
}
