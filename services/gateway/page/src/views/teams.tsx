import { useCell } from '../live/cell.ts';
import type { Team, World } from '../live/world.ts';
import { percent, plain } from '../live/words.ts';
import { Ago, Empty, Meter } from '../parts/bits.tsx';
import { Chip } from '../parts/chip.tsx';

export function TeamsView({ world }: { world: World }) {
  useCell(world.teams);
  useCell(world.tasks);
  const teams = world.teams.newest;
  if (teams.length === 0) {
    return (
      <Empty title="No team yet">
        A team is composed for every issue that is labelled <code>bzzz-task</code>.
      </Empty>
    );
  }
  return (
    <div class="teams">
      {teams.map((team) => (
        <TeamCard key={team.id} team={team} title={world.tasks.value.get(team.task_id)?.title ?? team.name} />
      ))}
    </div>
  );
}

/** A seat without an agent is told once, as what it waits for. */
function isGap(team: Team, member: Team['members'][number]): boolean {
  return member.agent_id === null && team.missing.some(({ role }) => role === member.role);
}

function TeamCard({ team, title }: { team: Team; title: string }) {
  const { classification: kind } = team;
  return (
    <article class="card team">
      <header>
        <div>
          <p class="line">
            {team.project_name ?? 'no project'} · {plain(kind.task_type)} · {plain(team.strategy)}
          </p>
          <h3>{title}</h3>
        </div>
        <Chip state={team.status} />
      </header>
      {team.reason && <p class="reason">{team.reason}</p>}
      <p class="confidence">
        Confidence {percent(team.confidence)}
        <Meter share={team.confidence} label={`Confidence ${percent(team.confidence)}`} />
      </p>
      <ul class="members">
        {team.members
          .filter((member) => !isGap(team, member))
          .map((member, index) => (
            <li key={index}>
              <span class="role">{member.role}</span>
              <div>
                <p class="who">
                  {member.agent_id ?? 'nobody yet'}
                  {member.score !== null && <small>{percent(member.score)}</small>}
                  {member.deployment_status && <Chip state={member.deployment_status} />}
                </p>
                {member.reasons.length > 0 && <p class="why">{member.reasons.join(' · ')}</p>}
              </div>
            </li>
          ))}
        {team.missing.map((gap, index) => (
          <li key={`missing-${index}`} class="gap">
            <span class="role">{gap.role}</span>
            <div>
              <p class="who">waits for {gap.skills.join(', ') || 'an agent'}</p>
              <p class="why">{gap.reason}</p>
            </div>
          </li>
        ))}
      </ul>
      <footer>
        {kind.risk_level && <span>risk {kind.risk_level}</span>}
        {kind.complexity !== null && <span>complexity {kind.complexity.toFixed(2)}</span>}
        <span>priority {kind.priority}</span>
        <Ago at={team.updated_at} />
      </footer>
    </article>
  );
}
