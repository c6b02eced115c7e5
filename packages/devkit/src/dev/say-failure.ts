import { AlreadyRunning } from '../supervise/supervisor.ts';
import { type Say } from '../progress.ts';
import { DevSettingsError } from './dev-settings.ts';

/** One message for a person: what is wrong, and where more can be read. */
export function sayFailure(cause: unknown, logDirectory: string, say: Say): void {
  say(messageOf(cause));
  if (cause instanceof AlreadyRunning) say('`make status` shows it; Ctrl-C where it was started ends it.');
  else if (!(cause instanceof DevSettingsError)) say(`Logs: ${logDirectory}`);
}

/** With what caused it: "fetch failed" alone says nothing. */
export function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause === undefined ? cause.message : `${cause.message}: ${messageOf(cause.cause)}`;
}
