/** Reads Server-Sent Events (HTML standard, section 9.2) of the gateway, and resumes where it was cut off. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Rest } from './rest.ts';

const reconnectAfterMs = 500;
const frameCharactersMax = 1_000_000;

export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** Events as they come, without end, until the signal is given. */
export async function* serverSentEvents(
  rest: Rest,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  let lastId: string | undefined;
  while (!signal.aborted) {
    try {
      const resume = lastId === undefined ? {} : { 'last-event-id': lastId };
      const reply = await rest.stream(path, resume, signal);
      for await (const event of framesOf(reply)) {
        lastId = event.id ?? lastId;
        yield event;
      }
    } catch {
      // The gateway may be on its way back; what was missed comes with the next connection.
    }
    await delay(reconnectAfterMs, undefined, { signal }).catch(() => {});
  }
}

async function* framesOf(reply: Response): AsyncGenerator<ServerSentEvent> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of reply.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = parseFrame(text.slice(0, end));
      text = text.slice(end + 2);
      if (event !== undefined) yield event;
    }
    if (text.length > frameCharactersMax) throw new Error('an event larger than any of ours');
  }
}

/** Undefined for comments and for what is not JSON. */
export function parseFrame(frame: string): ServerSentEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of frame.split('\n')) {
    const [, name, value] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    fields.set(name, name === 'data' && fields.has('data') ? `${fields.get('data')}\n${value}` : value);
  }
  const data = fields.get('data');
  if (data === undefined) return undefined;
  try {
    return {
      id: fields.get('id'),
      event: fields.get('event') ?? 'message',
      data: JSON.parse(data) as unknown,
    };
  } catch {
    return undefined;
  }
}
