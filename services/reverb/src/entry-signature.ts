import { ROTATION_OWNER } from '@whoosh/backbeat-sdk';
import {
  askSignature,
  type HeaderSource,
  type SignatureAsked,
  type SignatureSettings,
} from '@whoosh/backbeat-sdk/claim-signatures';
import { type StreamEntry } from './domain/entry.ts';

/**
 * What has to be known about the signature of a message. It depends on nothing but the message, its place in the stream
 * and the keys, so that every replica, a restart and a recomputation with the same keys come to the same. Claims and
 * rotations are signed; markers and checkpoints are written by reverb alone, which the broker's permissions hold.
 */
export function askEntry(
  settings: SignatureSettings,
  entry: StreamEntry,
  headers: HeaderSource | undefined,
): SignatureAsked {
  const owner = ownerOf(entry);
  // By the broker's time, so that a claim that is read again is judged as it was.
  return owner === undefined ? 'none' : askSignature(settings, { owner, atMs: entry.storedAtMs }, headers);
}

function ownerOf(entry: StreamEntry): string | undefined {
  switch (entry.kind) {
    case 'claim':
      return entry.claim.agent;
    case 'rotation':
      return ROTATION_OWNER;
    case 'marker':
    case 'invalid':
    case 'broken':
      return undefined;
  }
}

/** The entry as it is when its signature is not believed. */
export function refused(entry: StreamEntry, reason: 'unsigned' | 'signature'): StreamEntry {
  const { sequence, storedAtMs } = entry;
  if (entry.kind === 'rotation') return { kind: 'broken', what: 'rotation', reason, sequence, storedAtMs };
  return { kind: 'invalid', reason, sequence, storedAtMs };
}
