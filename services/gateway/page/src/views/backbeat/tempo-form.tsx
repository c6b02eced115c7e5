import { useState } from 'preact/hooks';
import { ApiFailure } from '../../live/api.ts';
import type { PulseCluster, TempoAccepted } from '../../live/backbeat.ts';
import type { World } from '../../live/world.ts';
import { clock } from '../../live/words.ts';

const REASON_CHARACTERS_MAX = 500;
/** What every BeatFrame may name; the cluster's own limits are narrower where it says so. */
const BPM_MIN = 0.1;
const BPM_MAX = 1_000;

type Outcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'taken'; readonly taken: TempoAccepted }
  | {
      readonly kind: 'range';
      readonly message: string;
      readonly asked: number;
      readonly offers: readonly number[];
    }
  | { readonly kind: 'failed'; readonly message: string };

interface FormProps {
  readonly world: World;
  readonly pulse: PulseCluster | null;
  readonly present: number | null;
  /** The last beat that was heard. */
  readonly beat: number | null;
}

export function TempoForm({ world, pulse, present, beat }: FormProps) {
  const [tempo, setTempo] = useState('');
  const [ramp, setRamp] = useState(false);
  const [reason, setReason] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>({ kind: 'none' });
  const range = ramp ? pulse?.ramp_range : pulse?.tempo_range;

  const send = async (bpm: number, asRamp: boolean) => {
    setBusy(true);
    setOutcome(await change(world, { tempo_bpm: bpm, ramp: asRamp, ...(reason && { reason }) }));
    setBusy(false);
    await world.readBackbeat();
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void send(Number(tempo), ramp);
  };
  const offer = (bpm: number, asRamp: boolean) => {
    setTempo(String(bpm));
    setRamp(asRamp);
    void send(bpm, asRamp);
  };
  return (
    <form class="tempo-form" onSubmit={submit}>
      <label>
        New tempo, BPM
        <input
          type="number"
          name="tempo"
          inputMode="decimal"
          required
          step="0.1"
          min={BPM_MIN}
          max={BPM_MAX}
          value={tempo}
          placeholder={present === null ? '' : String(present)}
          aria-describedby="tempo-range"
          onInput={(event) => setTempo(event.currentTarget.value)}
        />
        <small id="tempo-range">
          {range ? `${range.min_bpm} – ${range.max_bpm}` : 'the cluster says what is allowed'}
        </small>
      </label>
      <label class="reason-field">
        Reason
        <input
          type="text"
          name="reason"
          maxLength={REASON_CHARACTERS_MAX}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
        <small>for the log, optional</small>
      </label>
      <label class="switch">
        <input
          type="checkbox"
          name="ramp"
          checked={ramp}
          onChange={(event) => setRamp(event.currentTarget.checked)}
        />
        Ramp, 10 % a bar
      </label>
      <button type="submit" class="primary" disabled={isBusy}>
        {isBusy ? 'Asking…' : 'Change tempo'}
      </button>
      <OutcomeLine
        outcome={outcome}
        beat={beat}
        onOffer={offer}
        isBusy={isBusy}
        rampRange={pulse?.ramp_range ?? null}
      />
    </form>
  );
}

async function change(
  world: World,
  body: { tempo_bpm: number; ramp: boolean; reason?: string },
): Promise<Outcome> {
  try {
    return { kind: 'taken', taken: await world.api.post<TempoAccepted>('/api/v1/backbeat/tempo', body) };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (!(cause instanceof ApiFailure) || cause.status !== 409) return { kind: 'failed', message };
    const { min_bpm: min, max_bpm: max } = cause.details;
    const offers = [...new Set([min, max])].filter((bpm) => typeof bpm === 'number');
    return { kind: 'range', message, asked: body.tempo_bpm, offers };
  }
}

interface OutcomeProps {
  readonly outcome: Outcome;
  readonly beat: number | null;
  readonly onOffer: (bpm: number, ramp: boolean) => void;
  readonly isBusy: boolean;
  readonly rampRange: PulseCluster['ramp_range'];
}

/** Said aloud by a screen reader too: the answer comes after the button was left. */
function OutcomeLine({ outcome, beat, onOffer, isBusy, rampRange }: OutcomeProps) {
  return (
    <div class="outcome" role="status" aria-live="polite">
      {outcome.kind === 'taken' && <Taken taken={outcome.taken} beat={beat} />}
      {outcome.kind === 'failed' && <p class="refused">{outcome.message}</p>}
      {outcome.kind === 'range' && (
        <>
          <p class="refused">{outcome.message}</p>
          <span class="offers">
            {outcome.offers.map((bpm) => (
              <button key={bpm} type="button" disabled={isBusy} onClick={() => onOffer(bpm, false)}>
                {bpm} BPM
              </button>
            ))}
            {rampRange && outcome.asked >= rampRange.min_bpm && outcome.asked <= rampRange.max_bpm && (
              <button type="button" disabled={isBusy} onClick={() => onOffer(outcome.asked, true)}>
                Ramp to {outcome.asked} BPM
              </button>
            )}
          </span>
        </>
      )}
    </div>
  );
}

function Taken({ taken, beat }: { taken: TempoAccepted; beat: number | null }) {
  const isDone = beat !== null && beat >= taken.at_beat;
  return (
    <p>
      Taken: {taken.tempo_bpm} BPM {isDone ? 'took' : 'takes'} effect at {clock(taken.at)}, with beat{' '}
      {taken.at_beat.toLocaleString('en')}
      {taken.ramp && `, the first step to ${taken.target_bpm} BPM`}.
    </p>
  );
}
