import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { backbeat } from '@whoosh/contracts';
import * as z from 'zod';
import { ClaimScanner } from './claim-scanner.ts';
import { type Place, readMarker, readRotation } from './control-decoder.ts';
import { type ClaimFacts, type StreamEntry } from './domain/entry.ts';

/** A claim as the schema lets it through: synonyms not yet replaced. */
type ClaimOnWire = z.input<typeof backbeat.StatusClaim>;

// The published schema, compiled: several times faster than walking it for each of 100,000 claims a second. 1e999 is JSON, and
// no number.
const isClaim = new Ajv2020({ strict: false, strictNumbers: true, validateFormats: false }).compile(
  z.toJSONSchema(backbeat.StatusClaim, { io: 'input' }),
) as ValidateFunction<ClaimOnWire>;

const decoder = new TextDecoder();

export { type Place } from './control-decoder.ts';

export type ClaimReading =
  | { readonly ok: true; readonly claim: ClaimFacts }
  | { readonly ok: false; readonly reason: 'malformed' | 'schema' | 'foreign_agent' };

const scanner = new ClaimScanner();

/**
 * A StatusClaim off the wire; the token of `subject` that begins at `agentAt` names its agent. Never throws. The
 * plain form is read in one pass; what is not of it is judged by the schema.
 */
export function readClaim(payload: Uint8Array, subject: string, agentAt = 0): ClaimReading {
  if (payload.byteLength > backbeat.CLAIM_BYTES_MAX) return { ok: false, reason: 'schema' };
  const claim = scanner.scan(payload, subject, agentAt);
  return claim === undefined ? readBySchema(payload, subject.slice(agentAt)) : { ok: true, claim };
}

/** The same without the scanner: the contract's own word on any payload. */
export function readBySchema(payload: Uint8Array, agent: string): ClaimReading {
  const body = parse(payload);
  if (body === undefined) return { ok: false, reason: 'malformed' };
  if (!isClaim(body)) return { ok: false, reason: 'schema' };
  if (body.agent_id !== agent) return { ok: false, reason: 'foreign_agent' };
  return { ok: true, claim: factsOf(body) };
}

/** Any message of the claims stream, the broken ones as such; undefined for a kind that is not read here. */
export function readEntry(subject: string, payload: Uint8Array, place: Place): StreamEntry | undefined {
  const { sequence, storedAtMs } = place;
  // `backbeat.{cluster}.{kind}`
  const kindAt = subject.indexOf('.', subject.indexOf('.') + 1) + 1;
  if (subject.startsWith('claim.', kindAt)) {
    const reading = readClaim(payload, subject, subject.lastIndexOf('.') + 1);
    return reading.ok
      ? { kind: 'claim', claim: reading.claim, sequence, storedAtMs }
      : { kind: 'invalid', reason: reading.reason, sequence, storedAtMs };
  }
  if (subject.endsWith('.rotation')) return readRotation(payload, place);
  return subject.startsWith('close.', kindAt) ? readMarker(subject, payload, place) : undefined;
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
