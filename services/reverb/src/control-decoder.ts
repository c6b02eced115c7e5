import { windowIdOf } from '@whoosh/backbeat-sdk/rules';
import { backbeat } from '@whoosh/contracts';
import { type StreamEntry } from './domain/entry.ts';

/** A rotation or a marker in bytes; what is larger is not parsed. */
export const CONTROL_BYTES_MAX = 8 * 1024;
/** The longest bar; a marker that closes more than one is nobody's of us. */
const WINDOW_BEATS_MAX = 10_000;

const decoder = new TextDecoder();

/** Where a message stands in the stream. */
export interface Place {
  readonly sequence: number;
  readonly storedAtMs: number;
}

/** A required, done or failed rotation off the wire. Never throws. */
export function readRotation(payload: Uint8Array, { sequence, storedAtMs }: Place): StreamEntry {
  const what = { kind: 'broken', what: 'rotation', sequence, storedAtMs } as const;
  const body = parse(payload);
  if (body === undefined) return { ...what, reason: 'malformed' };
  const rotation = backbeat.Rotation.safeParse(body);
  if (!rotation.success) return { ...what, reason: 'schema' };
  return { kind: 'rotation', rotation: rotation.data, sequence, storedAtMs };
}

/**
 * The marker of a window off the wire; the last token of `subject` names the window, and so do cluster, epoch and first
 * beat. Never throws.
 */
export function readMarker(
  subject: string,
  payload: Uint8Array,
  { sequence, storedAtMs }: Place,
): StreamEntry {
  const what = { kind: 'broken', what: 'marker', sequence, storedAtMs } as const;
  const body = parse(payload);
  if (body === undefined) return { ...what, reason: 'malformed' };
  const marker = backbeat.WindowClose.safeParse(body);
  if (!marker.success) return { ...what, reason: 'schema' };
  const beats = marker.data.to_beat - marker.data.from_beat + 1;
  if (beats < 1 || beats > WINDOW_BEATS_MAX) return { ...what, reason: 'schema' };
  if (!subject.endsWith(`.${marker.data.window_id}`)) return { ...what, reason: 'foreign_window' };
  const { epoch, from_beat: from, window_id: id } = marker.data;
  const [, cluster = ''] = subject.split('.', 2);
  // Case is the writer's: the same bar under another spelling would be a second window.
  if (id !== windowIdOf(cluster, epoch, from)) return { ...what, reason: 'implausible' };
  return { kind: 'marker', marker: marker.data, sequence, storedAtMs };
}

/** Undefined for what is no JSON; null, which no contract takes, for what is too large to be looked at. */
function parse(payload: Uint8Array): unknown {
  if (payload.byteLength > CONTROL_BYTES_MAX) return null;
  try {
    return JSON.parse(decoder.decode(payload)) as unknown;
  } catch {
    return undefined;
  }
}
