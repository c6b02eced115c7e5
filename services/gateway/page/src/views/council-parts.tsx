import type { Artifact, Council } from '../live/world.ts';
import { bytes, plain } from '../live/words.ts';
import { Chip } from '../parts/chip.tsx';

const PHASES = ['propose', 'critique', 'revise', 'vote'] as const;

/** Where a council's round stands. */
export function PhaseSteps({ round }: { round: NonNullable<Council['round']> }) {
  const at = PHASES.indexOf(round.phase);
  return (
    <ol class="steps" aria-label={`Round ${round.number}, ${round.phase}`}>
      <li class="round">Round {round.number}</li>
      {PHASES.map((phase, index) => (
        <li
          key={phase}
          class={index < at ? 'done' : index === at ? 'now' : ''}
          aria-current={index === at ? 'step' : undefined}
        >
          {phase}
        </li>
      ))}
    </ol>
  );
}

export function Seats({ council }: { council: Council }) {
  return (
    <ul class="seats">
      {[...council.core_agents, ...council.optional_agents].map((seat) => (
        <li key={seat.role} class={seat.status}>
          <span class="portrait" aria-hidden="true">
            {initials(seat.role)}
          </span>
          <div>
            <h4>
              {seat.name}
              {!seat.required && <small>optional</small>}
            </h4>
            <p class="who">{seat.agent_id ?? <Chip state={seat.status} />}</p>
            <p class="why">{seat.why}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}

function initials(role: string): string {
  return role
    .split('-')
    .map((part) => part[0]?.toUpperCase() ?? '')
    .join('')
    .slice(0, 2);
}

export function Artifacts({ council, onRead }: { council: Council; onRead: (artifact: Artifact) => void }) {
  if (council.artifacts.length === 0) return null;
  return (
    <ul class="artifacts">
      {council.artifacts.map((artifact) => (
        <li key={artifact.id}>
          <button type="button" onClick={() => onRead(artifact)}>
            <span class="page-glyph" aria-hidden="true" />
            <span>
              <b>{plain(artifact.kind)}</b>
              <small>
                version {artifact.version} · {artifact.author_role} · {bytes(artifact.bytes)}
              </small>
            </span>
            <Votes artifact={artifact} />
          </button>
        </li>
      ))}
    </ul>
  );
}

export function Votes({ artifact }: { artifact: Artifact }) {
  if (artifact.ratified) return <Chip state="ratified" />;
  const { votes_yes: yes, votes_no: no } = artifact;
  if (yes + no === 0) return <span class="chip quiet">draft</span>;
  return (
    <span class="votes" title={`${yes} yes, ${no} no`}>
      <i class="yes">{yes}</i>
      <i class="no">{no}</i>
    </span>
  );
}
