import { AlreadyRunning } from '../supervise/supervisor.ts';
import { type Say } from '../progress.ts';
import { DevSettingsError } from './dev-settings.ts';

/** One message for a person: what is wrong, and where more can be read. */
export function sayFailure(cause: unknown, logDirectory: string, say: Say): void {
  const message = cause instanceof Error ? cause.message : String(cause);
  say(message);
  if (cause instanceof AlreadyRunning) say('`make status` shows it; Ctrl-C where it was started ends it.');
  else if (!(cause instanceof DevSettingsError)) say(`Logs: ${logDirectory}`);
}
