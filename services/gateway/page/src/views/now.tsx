import { useCell } from '../live/cell.ts';
import type { Activity } from '../live/activity.ts';
import { clock, plain, plural } from '../live/words.ts';
import type { World } from '../live/world.ts';
import { Ago, Empty } from '../parts/bits.tsx';
import { Chip } from '../parts/chip.tsx';
import { PhaseSteps } from './council-parts.tsx';

/** What the system is doing at this moment, and what has just happened. */
export function NowView({ world }: { world: World }) {
  return (
    <div class="now-view">
      <section>
        <h2>Under way</h2>
        <UnderWay world={world} />
      </section>
      <section>
        <h2>As it happens</h2>
        <Happenings world={world} />
      </section>
    </div>
  );
}

function UnderWay({ world }: { world: World }) {
  useCell(world.councils);
  useCell(world.teams);
  useCell(world.agents);
  useCell(world.deployments);
  const operations = useCell(world.backbeat)?.active_operations ?? [];
  const councils = world.councils.newest.filter(({ status }) => status === 'forming' || status === 'active');
  const teams = world.teams.newest.filter(
    ({ status }) => !['completed', 'failed', 'cancelled'].includes(status),
  );
  const busy = world.agents.newest.filter(
    ({ status, activity }) => status === 'online' && activity === 'working',
  );
  if (councils.length === 0 && teams.length === 0) {
    return (
      <Empty title="Nothing under way">
        An issue with the label <code>chorus-entrypoint</code> and “Design Brief” in its title forms a
        council; one with <code>bzzz-task</code> gets a team. Whatever comes in appears here by itself.
      </Empty>
    );
  }
  return (
    <div class="under-way">
      {councils.slice(0, 6).map((council) => (
        <a key={council.id} class="card" href="#councils">
          <header>
            <h3>{council.title}</h3>
            <Chip state={council.status} />
          </header>
          <p class="line">
            {council.project_name} · {plural(seated(council), 'seat')} of{' '}
            {council.core_agents.length + council.optional_agents.length} taken
          </p>
          {council.round && <PhaseSteps round={council.round} />}
        </a>
      ))}
      {teams.slice(0, 6).map((team) => (
        <a key={team.id} class="card" href="#teams">
          <header>
            <h3>{team.name}</h3>
            <Chip state={team.status} />
          </header>
          <p class="line">
            {team.members.map(({ role, agent_id }) => `${role} ${agent_id ?? '–'}`).join(' · ')}
          </p>
        </a>
      ))}
      {operations.length > 0 && (
        <p class="line">
          WHOOSH itself:{' '}
          {operations
            .slice(0, 4)
            .map(({ id, phase }) => `${plain(id)} (${plain(phase)})`)
            .join(', ')}
        </p>
      )}
      {busy.length > 0 && (
        <p class="line">
          {plural(busy.length, 'agent')} at work:{' '}
          {busy
            .slice(0, 8)
            .map(({ agent_id }) => agent_id)
            .join(', ')}
          {busy.length > 8 && ' …'}
        </p>
      )}
    </div>
  );
}

function seated(council: {
  core_agents: readonly { status: string }[];
  optional_agents: readonly { status: string }[];
}) {
  return [...council.core_agents, ...council.optional_agents].filter(({ status }) => status === 'claimed')
    .length;
}

function Happenings({ world }: { world: World }) {
  const activity = useCell(world.activity);
  const latest = useLatest(world);
  if (activity.length === 0 && latest.length === 0) {
    return <Empty title="Quiet">Events appear here the moment they are stored.</Empty>;
  }
  return (
    <ol class="feed" aria-live="polite" aria-relevant="additions">
      {activity.slice(0, 60).map((one) => (
        <Happening key={one.id} one={one} />
      ))}
      {activity.length < 12 && latest.length > 0 && <li class="before">as it stood before</li>}
      {activity.length < 12 &&
        latest.map(({ id, noun, what, state, at }) => (
          <li key={id} class="quiet">
            <Ago at={at} />
            <span class="noun">{noun}</span>
            <p>
              <b>{plain(state)}</b> {what}
            </p>
          </li>
        ))}
    </ol>
  );
}

function Happening({ one }: { one: Activity }) {
  return (
    <li class={one.tone}>
      <time dateTime={one.at}>{clock(one.at)}</time>
      <span class="noun">{plain(one.noun)}</span>
      <p>
        <b>{one.happened}</b> {one.what}
        {one.detail && <small>{one.detail}</small>}
      </p>
    </li>
  );
}

/** The newest states, for a page that was opened after they came about. */
function useLatest(world: World) {
  useCell(world.tasks);
  useCell(world.councils);
  useCell(world.teams);
  useCell(world.deployments);
  return [
    ...world.tasks.newest.map((one) => ({
      id: one.id,
      noun: 'task',
      what: one.title,
      state: one.status,
      at: one.updated_at,
    })),
    ...world.councils.newest.map((one) => ({
      id: one.id,
      noun: 'council',
      what: one.title,
      state: one.status,
      at: one.updated_at,
    })),
    ...world.teams.newest.map((one) => ({
      id: one.id,
      noun: 'team',
      what: one.name,
      state: one.status,
      at: one.updated_at,
    })),
    ...world.deployments.newest.map((one) => ({
      id: one.id,
      noun: 'deployment',
      what: `${one.role} as ${one.agent_id}`,
      state: one.status,
      at: one.updated_at,
    })),
  ]
    .toSorted((a, b) => (a.at < b.at ? 1 : -1))
    .slice(0, 10);
}
