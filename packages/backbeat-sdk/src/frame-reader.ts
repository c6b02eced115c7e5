import { type MsgHdrs } from '@nats-io/nats-core';
import { type HeardFrame } from './domain/beat.ts';
import { frameBody } from './frame-body.ts';
import { checkSignature, PULSE_OWNER, type SignaturePolicy } from './signature.ts';

/** What a pulse that says nothing about its bars has: the default of the score. */
const BAR_LENGTH_DEFAULT = 4;

export type FrameProblem = 'malformed' | 'foreign_cluster' | 'unsigned' | 'bad_signature';

export type FrameReading =
  { readonly ok: true; readonly frame: HeardFrame } | { readonly ok: false; readonly problem: FrameProblem };

export interface FrameReaderOptions {
  readonly clusterId: string;
  readonly barLength?: number | undefined;
  readonly signatures?: SignaturePolicy | undefined;
}

/** A BeatFrame off the wire; never throws. */
export function readFrame(
  payload: Uint8Array,
  headers: MsgHdrs | undefined,
  options: FrameReaderOptions,
): FrameReading {
  const verdict = checkSignature(options.signatures, PULSE_OWNER, { payload, headers, nowMs: Date.now() });
  if (verdict !== 'ok') return { ok: false, problem: verdict };
  const body = frameBody(payload);
  if (body === undefined) return { ok: false, problem: 'malformed' };
  if (body.cluster_id !== options.clusterId) return { ok: false, problem: 'foreign_cluster' };
  const { metadata } = body;
  const frame: HeardFrame = {
    clusterId: body.cluster_id,
    epoch: metadata?.epoch ?? 0,
    term: metadata?.term ?? 0,
    index: body.beat_index,
    tempoBpm: body.tempo_bpm,
    at: metadata?.at,
    barLength: metadata?.bar_length ?? options.barLength ?? BAR_LENGTH_DEFAULT,
    downbeat: body.downbeat,
    windowId: body.window_id,
    deadlineAtMs: Date.parse(body.deadline_at),
    body,
  };
  return { ok: true, frame };
}
