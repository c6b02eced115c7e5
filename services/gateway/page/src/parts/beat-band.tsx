import { useEffect, useRef } from 'preact/hooks';
import { useCell, useNow } from '../live/cell.ts';
import type { HeardBeat } from '../live/heard-beats.ts';
import type { World } from '../live/world.ts';
import { beatMsOf } from './beat-marks.ts';
import { drawEcg, type Look } from './ecg.ts';

const PHASES = ['planning', 'execution', 'review'] as const;
/** Silent for this many beat lengths: something is wrong, and is said. */
const SILENT_BEATS = 2.5;

/** The beat of the whole system, over the full width: what everything else here moves by. */
export function BeatBand({ world }: { world: World }) {
  const beats = useCell(world.beats);
  useNow(500);
  const last = beats.at(-1);
  const silentMs = last ? performance.now() - last.atMs : 0;
  const isSilent = last !== undefined && silentMs > beatMsOf(last) * SILENT_BEATS;
  const degraded = last?.frame.metadata?.cluster_health === 'degraded';
  return (
    <section class={`beat ${isSilent ? 'silent' : ''}`} aria-label="The beat">
      <Trace beats={beats} />
      <dl class="beat-figures">
        <div class="tempo">
          <dt>Tempo</dt>
          <dd>
            {last ? last.frame.tempo_bpm.toFixed(1) : '–'}
            <small>BPM</small>
          </dd>
        </div>
        <div>
          <dt>Beat</dt>
          <dd>{last ? last.frame.beat_index.toLocaleString('en') : '–'}</dd>
        </div>
        <div>
          <dt>Bar</dt>
          <dd>{last ? <BarDots beats={beats} last={last} /> : '–'}</dd>
        </div>
        <div>
          <dt>Phase</dt>
          <dd class="phase">
            {PHASES.map((phase) => (
              <span key={phase} class={`${phase} ${!isSilent && last?.frame.phase === phase ? 'now' : ''}`}>
                {phase}
              </span>
            ))}
          </dd>
        </div>
        <div>
          <dt>Leader</dt>
          <dd class="leader">{last?.frame.metadata?.node ?? '–'}</dd>
        </div>
        <div>
          <dt>State</dt>
          <dd>
            {last === undefined
              ? 'listening'
              : isSilent
                ? `silent ${(silentMs / 1_000).toFixed(0)} s`
                : degraded
                  ? 'degraded'
                  : 'steady'}
          </dd>
        </div>
      </dl>
    </section>
  );
}

function BarDots({ beats, last }: { beats: readonly HeardBeat[]; last: HeardBeat }) {
  const length = last.frame.metadata?.bar_length ?? 4;
  const downbeat = beats.findLast(({ frame }) => frame.downbeat);
  const at = downbeat ? last.frame.beat_index - downbeat.frame.beat_index : 0;
  if (length > 12) return <>{`${at + 1} of ${length}`}</>;
  return (
    <span class="bar-dots" role="img" aria-label={`beat ${at + 1} of ${length}`}>
      {Array.from({ length }, (_, index) => (
        <i key={index} class={`${index === 0 ? 'one' : ''} ${index <= at ? 'on' : ''}`} />
      ))}
    </span>
  );
}

function Trace({ beats }: { beats: readonly HeardBeat[] }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const heard = useRef(beats);
  heard.current = beats;
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return undefined;
    const calm = matchMedia('(prefers-reduced-motion: reduce)');
    let look = lookOf(canvas);
    let turn = 0;
    let frame = requestAnimationFrame(function draw() {
      // Colours follow the theme; asking for them at every frame would cost more than the line.
      if (turn % 30 === 0) look = lookOf(canvas);
      // Without motion: the line stands still and is drawn anew with each beat.
      const last = heard.current.at(-1);
      const isDue = !calm.matches || turn % 15 === 0;
      const nowMs = calm.matches && last ? last.atMs + beatMsOf(last) * 0.6 : performance.now();
      if (isDue) drawEcg(canvas, heard.current, nowMs, look);
      turn += 1;
      frame = requestAnimationFrame(draw);
    });
    return () => cancelAnimationFrame(frame);
  }, []);
  return <canvas ref={ref} aria-hidden="true" />;
}

function lookOf(canvas: HTMLElement): Look {
  const style = getComputedStyle(canvas);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    line: of('--pulse'),
    faint: of('--rule'),
    text: of('--ink-soft'),
    bad: of('--bad'),
    wait: of('--wait'),
    phases: { planning: of('--planning'), execution: of('--execution'), review: of('--review') },
  };
}
