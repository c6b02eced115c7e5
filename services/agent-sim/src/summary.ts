/** The one line a fleet shows of itself: rewritten in place on a terminal, a log line per bar elsewhere. */
import { type Beat } from '@whoosh/backbeat-sdk';
import { type Log } from '@whoosh/telemetry';

export interface FleetFigures {
  readonly agents: number;
  readonly said: Readonly<Record<'honest' | 'duplicate' | 'late' | 'lie', number>>;
  readonly silent: number;
  readonly lost: number;
  readonly completed: number;
  readonly failed: number;
}

export function showSummary(
  beat: Beat,
  figures: FleetFigures,
  to: { readonly log: Log; readonly terminal: NodeJS.WriteStream },
): void {
  const { said } = figures;
  if (!to.terminal.isTTY) {
    to.log.info({ beat: beat.index, tempo_bpm: beat.tempoBpm, degraded: beat.degraded, ...figures }, 'fleet');
    return;
  }
  const line = [
    `beat ${beat.index}${beat.degraded ? ' (alone)' : ''}`,
    `${beat.tempoBpm} BPM`,
    `${figures.agents} agents`,
    `claims ${said.honest} + ${said.duplicate} twice, ${said.late} late, ${said.lie} false`,
    `silent ${figures.silent}`,
    `lost ${figures.lost}`,
    `tasks ${figures.completed} done, ${figures.failed} failed`,
  ].join(' · ');
  const columns = to.terminal.columns > 0 ? to.terminal.columns : 120;
  to.terminal.write(`\r\u001b[K${line.slice(0, columns - 1)}`);
}
