import { backbeat } from '@whoosh/contracts';

const decoder = new TextDecoder();
let lastBytes: Uint8Array | undefined;
let lastBody: backbeat.BeatFrame | undefined;

/**
 * The BeatFrame in these bytes, undefined when it breaks its contract; not to be changed by who gets it. Every
 * connection of a process brings the same bytes, so the last ones are remembered: a process with a hundred connections
 * reads a frame once. Equal bytes mean an equal frame, so nothing is believed that was not checked.
 */
export function frameBody(payload: Uint8Array): backbeat.BeatFrame | undefined {
  if (lastBytes !== undefined && Buffer.compare(lastBytes, payload) === 0) return lastBody;
  const body = parsed(payload);
  // A copy: the client may use its buffer again.
  lastBytes = payload.slice();
  lastBody = body;
  return body;
}

function parsed(payload: Uint8Array): backbeat.BeatFrame | undefined {
  try {
    const { data } = backbeat.BeatFrame.safeParse(JSON.parse(decoder.decode(payload)));
    if (data?.metadata !== undefined) Object.freeze(data.metadata);
    return data === undefined ? undefined : Object.freeze(data);
  } catch {
    return undefined;
  }
}
