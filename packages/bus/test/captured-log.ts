import { type Log, openLog } from '@whoosh/telemetry';

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A log whose lines a test reads. */
export function capturedLog(): { log: Log; lines: Line[] } {
  const lines: Line[] = [];
  const destination = { write: (text: string) => void lines.push(JSON.parse(text) as Line) };
  return { log: openLog({ service: 'sample', level: 'debug', pretty: false, destination }), lines };
}
