import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type DestinationStream, type Level, type LevelWithSilent, type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';

/** What every part of the system takes as its log. */
export type Log = Logger;

export interface LogOptions {
  readonly service: string;
  readonly level: LevelWithSilent;
  /** For eyes instead of machines. */
  readonly pretty: boolean;
  /** Where lines go; standard output when left out. */
  readonly destination?: DestinationStream;
}

const SECRET_NAMES = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'access_token',
  'join_token',
  'jwt',
  'Authorization',
  '["set-cookie"]',
  '["x-gitea-signature"]',
];

/** The names above at the top, one and two levels down: as deep as our fields nest. */
const SECRET_PATHS = SECRET_NAMES.flatMap((name) => {
  const below = name.startsWith('[') ? name : `.${name}`;
  return [name, `*${below}`, `*.*${below}`];
});

/** One JSON object per line, with the trace it belongs to. Secrets are masked by name, whatever their depth says. */
export function openLog({ service, level, pretty, destination }: LogOptions): Log {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label as Level }) },
    redact: { paths: SECRET_PATHS, censor: '***' },
    mixin: traceFields,
  };
  // Synchronous, so that the last lines before an exit are written.
  const sink = pretty
    ? PinoPretty({
        sync: true,
        ignore: 'service',
        messageFormat: '[{service}] {msg}',
        destination: destination ?? 1,
      })
    : (destination ?? pino.destination({ dest: 1, sync: true }));
  return pino(options, sink);
}

function traceFields(): object {
  const context = trace.getActiveSpan()?.spanContext();
  return context && isSpanContextValid(context) ? { trace_id: context.traceId } : {};
}
