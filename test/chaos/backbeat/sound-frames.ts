import { type HeardFrame, windowIdOf } from './wire-rules.ts';

export const CLUSTER = 'c';
export const EPOCH = 1_700_000_000_000;
const BEAT_MS = 250;
const PHASES = ['planning', 'execution', 'execution', 'review'] as const;
const ENDS = [1, 3, 3, 4];

export interface FrameWords {
  readonly index: number;
  readonly term?: number;
  readonly node?: string;
  readonly missed?: number;
  readonly hlc?: string;
}

/** A frame as a pulse sends it at 240 BPM in bars of four, heard 1 ms after its beat. */
export function soundFrame({ index, term = 1, node = 'n1', missed = 0, hlc }: FrameWords): HeardFrame {
  const position = index % 4;
  const at = EPOCH + 100 + index * BEAT_MS;
  const frame = {
    type: 'backbeat.beatframe.v1',
    cluster_id: CLUSTER,
    beat_index: index,
    downbeat: position === 0,
    phase: PHASES[position],
    hlc: hlc ?? '0000:0000:0001',
    deadline_at: new Date(at + ((ENDS[position] ?? 4) - position) * BEAT_MS).toISOString(),
    tempo_bpm: 240,
    window_id: windowIdOf(CLUSTER, EPOCH, index - position),
    metadata: {
      pulse_version: '0.1.0',
      cluster_health: missed > 0 ? 'degraded' : 'healthy',
      epoch: EPOCH,
      at,
      term,
      node,
      bar_length: 4,
      missed_beats: missed,
    },
  };
  return {
    broker: 0,
    arrivedAtMs: 1_000 + index * BEAT_MS,
    text: JSON.stringify(frame),
    messageId: `${CLUSTER}:${EPOCH}:${index}`,
  };
}

/** The same frame with something else in it. */
export function changed(heard: HeardFrame, change: (frame: Record<string, unknown>) => void): HeardFrame {
  const frame = JSON.parse(heard.text) as Record<string, unknown>;
  change(frame);
  return { ...heard, text: JSON.stringify(frame) };
}
