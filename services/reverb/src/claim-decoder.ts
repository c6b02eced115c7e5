import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { backbeat } from '@whoosh/contracts';
import * as z from 'zod';
import { type ClaimFacts, type StreamEntry } from './domain/entry.ts';

/** A claim as the schema lets it through: synonyms not yet replaced. */
type ClaimOnWire = z.input<typeof backbeat.StatusClaim>;

// The published schema, compiled: several times faster than walking it for each of 100,000 claims a second.
const isClaim = new Ajv2020({ strict: false, validateFormats: false }).compile(
  z.toJSONSchema(backbeat.StatusClaim, { io: 'input' }),
) as ValidateFunction<ClaimOnWire>;

const decoder = new TextDecoder();

/** Where a message stands in the stream. */
export interface Place {
  readonly sequence: number;
  readonly storedAtMs: number;
}

export type ClaimReading =
  | { readonly ok: true; readonly claim: ClaimFacts }
  | { readonly ok: false; readonly reason: 'malformed' | 'schema' | 'foreign_agent' };

/** A StatusClaim off the wire; `agent` is the subject's last token. Never throws. */
export function readClaim(payload: Uint8Array, agent: string): ClaimReading {
  if (payload.byteLength > backbeat.CLAIM_BYTES_MAX) return { ok: false, reason: 'schema' };
  const body = parse(payload);
  if (body === undefined) return { ok: false, reason: 'malformed' };
  if (!isClaim(body)) return { ok: false, reason: 'schema' };
  if (body.agent_id !== agent) return { ok: false, reason: 'foreign_agent' };
  return { ok: true, claim: factsOf(body) };
}

/** Any message of the claims stream; undefined for what is none of the cluster's, or a marker nobody of us wrote. */
export function readEntry(subject: string, payload: Uint8Array, place: Place): StreamEntry | undefined {
  const kind = subject.split('.', 3)[2];
  if (kind === 'claim') {
    const reading = readClaim(payload, subject.slice(subject.lastIndexOf('.') + 1));
    return reading.ok
      ? { kind: 'claim', claim: reading.claim, ...place }
      : { kind: 'invalid', reason: reading.reason, ...place };
  }
  const body = parse(payload);
  if (kind === 'rotation') {
    const rotation = backbeat.Rotation.safeParse(body);
    return rotation.success ? { kind: 'rotation', rotation: rotation.data, ...place } : undefined;
  }
  if (kind !== 'close') return undefined;
  const marker = backbeat.WindowClose.safeParse(body);
  const isOwn = marker.success && subject.endsWith(`.${marker.data.window_id}`);
  return isOwn ? { kind: 'marker', marker: marker.data, ...place } : undefined;
}

function factsOf(body: ClaimOnWire): ClaimFacts {
  const { hlc, state } = body;
  return {
    // Not the subject's token: a slice of a string keeps the whole of it in memory.
    agent: body.agent_id,
    beat: body.beat_index,
    state:
      state in backbeat.CLAIM_STATE_SYNONYMS
        ? SYNONYMS[state as keyof typeof SYNONYMS]
        : (state as backbeat.ClaimState),
    task: body.task_id ?? '',
    beatsLeft: body.beats_left,
    isComplete: body.progress === 1,
    hlc: Number.parseInt(hlc.slice(0, 4) + hlc.slice(5, 9) + hlc.slice(10), 16),
  };
}

const SYNONYMS = backbeat.CLAIM_STATE_SYNONYMS;

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload)) as unknown;
  } catch {
    return undefined;
  }
}
