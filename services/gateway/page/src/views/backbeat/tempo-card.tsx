import { useState } from 'preact/hooks';
import type { BackbeatStatus, PulseCluster } from '../../live/backbeat.ts';
import { useCell } from '../../live/cell.ts';
import { bearerOf } from '../../live/session.ts';
import type { World } from '../../live/world.ts';
import { TempoForm } from './tempo-form.tsx';

const STEPS_SHOWN = 6;

interface TempoProps {
  readonly world: World;
  readonly status: BackbeatStatus | undefined;
}

/** The tempo as it is, what it is on its way to, and for admins the means to change it. */
export function TempoCard({ world, status }: TempoProps) {
  const last = useCell(world.beats).at(-1)?.frame;
  const pulse = status?.pulse ?? null;
  const present = last?.tempo_bpm ?? pulse?.tempo_bpm ?? null;
  const target = pulse?.target_bpm ?? null;
  const isAdmin = bearerOf(world.api.token).role === 'admin';
  return (
    <section class="card tempo-card" aria-labelledby="tempo-title">
      <header>
        <h3 id="tempo-title">Tempo</h3>
        {pulse?.tempo_range && (
          <span class="line">
            {pulse.tempo_range.min_bpm} – {pulse.tempo_range.max_bpm} BPM at once
          </span>
        )}
      </header>
      <p class="tempo-now">
        <b>{present === null ? '–' : present.toFixed(1)}</b> BPM
        {target !== null && present !== null && target !== present && (
          <span>
            {' '}
            → <b>{target.toFixed(1)}</b>
          </span>
        )}
      </p>
      {pulse?.ramp && (
        <Ramp world={world} ramp={pulse.ramp} beat={last?.beat_index ?? null} mayCancel={isAdmin} />
      )}
      {isAdmin ? (
        <TempoForm world={world} pulse={pulse} present={present} beat={last?.beat_index ?? null} />
      ) : (
        <p class="hint">An admin may change it here.</p>
      )}
    </section>
  );
}

interface RampProps {
  readonly world: World;
  readonly ramp: NonNullable<PulseCluster['ramp']>;
  readonly beat: number | null;
  readonly mayCancel: boolean;
}

/** The steps still to come, one a bar. */
function Ramp({ world, ramp, beat, mayCancel }: RampProps) {
  const [failure, setFailure] = useState('');
  const steps = (ramp.steps ?? [{ tempo_bpm: ramp.next_bpm, at_beat: ramp.at_beat }]).filter(
    ({ at_beat: atBeat }) => beat === null || atBeat > beat,
  );
  const end = steps.at(-1);
  const cancel = async () => {
    try {
      await world.api.delete('/api/v1/backbeat/ramp');
      setFailure('');
    } catch (cause) {
      setFailure(cause instanceof Error ? cause.message : String(cause));
    }
    await world.readBackbeat();
  };
  return (
    <div class="ramp">
      <p>
        Ramp to <b>{ramp.target_bpm} BPM</b>, in steps of at most 10 % a bar
        {end && `, done with beat ${end.at_beat.toLocaleString('en')}`}
      </p>
      <ol>
        {steps.slice(0, STEPS_SHOWN).map((step) => (
          <li key={step.at_beat}>
            <b>{step.tempo_bpm.toFixed(1)}</b>
            <small>beat {step.at_beat.toLocaleString('en')}</small>
          </li>
        ))}
        {steps.length > STEPS_SHOWN && (
          <li class="more">
            <small>and {steps.length - STEPS_SHOWN} more</small>
          </li>
        )}
      </ol>
      {mayCancel && (
        <button type="button" class="danger" onClick={() => void cancel()}>
          Cancel the ramp
        </button>
      )}
      {failure && (
        <p class="refused" role="alert">
          {failure}
        </p>
      )}
    </div>
  );
}
