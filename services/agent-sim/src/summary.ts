/** The one line a fleet shows of itself: rewritten in place on a terminal, a log line per bar elsewhere. */
import { type Beat } from '@whoosh/backbeat-sdk';
import { type Log } from '@whoosh/telemetry';
import { type FleetFigures } from './fleet-figures.ts';

export function showSummary(
  beat: Beat,
  figures: FleetFigures,
  to: { readonly log: Log; readonly terminal: NodeJS.WriteStream },
): void {
  if (!to.terminal.isTTY) {
    to.log.info({ beat: beat.index, tempo_bpm: beat.tempoBpm, degraded: beat.degraded, ...figures }, 'fleet');
    return;
  }
  const columns = to.terminal.columns > 0 ? to.terminal.columns : 120;
  to.terminal.write(`\r\u001b[K${lineOf(beat, figures).slice(0, columns - 1)}`);
}

/** The most telling first: a narrow terminal cuts the end off. */
function lineOf({ index, degraded, tempoBpm }: Beat, figures: FleetFigures): string {
  const { said } = figures;
  return [
    `beat ${index}${degraded ? ' (alone)' : ''}`,
    `${tempoBpm} BPM`,
    `${figures.agents} agents`,
    `stored ${figures.stored} of ${figures.sent}`,
    `lost ${figures.lost}`,
    ...(figures.held > 0 ? [`held back ${figures.held}`] : []),
    `tasks ${figures.completed} done, ${figures.failed} failed`,
    `claims ${said.honest}, ${said.duplicate} twice, ${said.late} late, ${said.lie} false`,
    `silent ${figures.silent}`,
  ].join(' · ');
}
