import type { BackbeatStatus } from '../../live/backbeat.ts';
import { signed } from '../../live/words.ts';
import { Chip } from '../../parts/chip.tsx';

/** In the order of the way of a beat; an objective without words here is shown by its name. */
const WORDS: Readonly<Record<string, string>> = {
  delivery: 'a beat is heard within 100 ms',
  jitter: 'a beat is sent within 20 ms of the grid',
  rollup: 'a report is there within one beat',
  drift: 'a bar is as long as it should be, to 1 %',
};

export function Objectives({ status }: { status: BackbeatStatus | undefined }) {
  const { slo = {}, pulse, reverb, measured_bpm: measured } = status ?? {};
  const names = [
    ...Object.keys(WORDS),
    ...Object.keys(slo)
      .filter((name) => !(name in WORDS))
      .slice(0, 8),
  ];
  const jitter = pulse?.jitter_ms;
  return (
    <section class="card objectives" aria-labelledby="objectives-title">
      <header>
        <h3 id="objectives-title">Objectives</h3>
        <span class="line">last 5 min</span>
      </header>
      <ul>
        {names.map((name) => (
          <li key={name}>
            <span>
              <b>{name}</b> <small>{WORDS[name]}</small>
            </span>
            <Verdict met={slo[name]} />
          </li>
        ))}
      </ul>
      <dl>
        <Figure name="Jitter p50 · p95 · p99">
          {jitter ? `${ms(jitter.p50)} · ${ms(jitter.p95)} · ${ms(jitter.p99)} ms` : '–'}
        </Figure>
        <Figure name="Last beat off the grid">
          {typeof pulse?.drift_ms === 'number' ? `${signed(pulse.drift_ms, 2)} ms` : '–'}
        </Figure>
        <Figure name="Measured here">
          {typeof measured === 'number' ? `${measured.toFixed(2)} BPM` : '–'}
        </Figure>
        <Figure name="Reverb">
          {reverb
            ? `${reverb.claims_per_second.toFixed(1)} claims/s, ${reverb.agents} agents, database ${reverb.database}`
            : 'does not answer'}
        </Figure>
      </dl>
    </section>
  );
}

function Verdict({ met }: { met: boolean | undefined }) {
  if (met === undefined) return <Chip state="not told" tone="quiet" />;
  return met ? <Chip state="met" tone="good" /> : <Chip state="not met" tone="bad" />;
}

function Figure({ name, children }: { name: string; children: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function ms(value: number): string {
  return value.toFixed(2);
}
