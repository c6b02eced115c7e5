import { pino, type Logger } from 'pino';

/** A log like that of a service, written nowhere. WHOOSH_TEST_LOG=debug shows it on standard error. */
export function quietLog(): Logger {
  const level = process.env['WHOOSH_TEST_LOG'] ?? 'silent';
  return pino({ level }, pino.destination(2));
}
