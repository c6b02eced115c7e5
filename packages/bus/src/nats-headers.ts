import { headers, type MsgHdrs } from '@nats-io/transport-node';
import { traceHeaders } from '@whoosh/telemetry';

/** Headers as a plain record; of several values the first counts. */
export function recordOf(from: MsgHdrs | undefined): Record<string, string> {
  const record: Record<string, string> = {};
  for (const name of from?.keys() ?? []) record[name] = from?.get(name) ?? '';
  return record;
}

/** The record and the active trace as headers; what is undefined is left out. */
export function headersOf(record: Readonly<Record<string, string | undefined>>): MsgHdrs {
  const built = headers();
  for (const [name, value] of Object.entries({ ...traceHeaders(), ...record })) {
    if (value !== undefined) built.set(name, oneLine(value));
  }
  return built;
}

/** A header value may not contain a line end, which would begin the next header. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ');
}
