import { type backbeat } from '@whoosh/contracts';
import { phaseAt, windowIdOf } from '@whoosh/backbeat-sdk/rules';
import { beatMs, gridTimeOf, placeOf, type Score, segmentAt } from '../domain/score.ts';

export interface FrameFacts {
  readonly cluster: string;
  readonly node: string;
  readonly version: string;
  readonly term: number;
  readonly missed: number;
}

/** Stands where the HLC of the moment of sending goes. */
const HLC_SLOT = '0000:0000:0000';

/** A serialised frame, but for its HLC: that is read when the beat falls. */
export interface PreparedFrame {
  readonly index: number;
  readonly missed: number;
  readonly head: string;
  readonly tail: string;
  readonly messageId: string;
}

export function describeBeat(cluster: string, score: Score, index: number) {
  const { barFrom, barLength, position } = placeOf(score, index);
  const { phase, endsAt } = phaseAt(position, barLength);
  const { tempoBpm } = segmentAt(score, index);
  return {
    index,
    phase,
    downbeat: position === 0,
    windowId: windowIdOf(cluster, score.epoch, barFrom),
    tempoBpm,
    barLength,
    deadlineAtMs: gridTimeOf(score, index) + (endsAt - position) * beatMs(tempoBpm),
  };
}

export function prepareFrame(score: Score, index: number, facts: FrameFacts): PreparedFrame {
  const beat = describeBeat(facts.cluster, score, index);
  const frame: backbeat.BeatFrame = {
    type: 'backbeat.beatframe.v1',
    cluster_id: facts.cluster,
    beat_index: index,
    downbeat: beat.downbeat,
    phase: beat.phase,
    hlc: HLC_SLOT,
    deadline_at: new Date(Math.round(beat.deadlineAtMs)).toISOString(),
    tempo_bpm: beat.tempoBpm,
    window_id: beat.windowId,
    metadata: {
      pulse_version: facts.version,
      cluster_health: facts.missed > 0 ? 'degraded' : 'healthy',
      epoch: score.epoch,
      at: Math.round(gridTimeOf(score, index) * 1_000) / 1_000,
      term: facts.term,
      node: facts.node,
      bar_length: beat.barLength,
      missed_beats: facts.missed,
    },
  };
  const text = JSON.stringify(frame);
  const slot = text.indexOf(`"${HLC_SLOT}"`) + 1;
  return {
    index,
    missed: facts.missed,
    head: text.slice(0, slot),
    tail: text.slice(slot + HLC_SLOT.length),
    messageId: `${facts.cluster}:${score.epoch}:${index}`,
  };
}
