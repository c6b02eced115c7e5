import { type backbeat } from '@whoosh/contracts';
import { type MetronomeFrame } from './metronome.ts';
import { barStartOf, beatMsOf, phaseAt, windowIdOf } from './score.ts';

/** A frame as the listener works with it: what the wire left out is filled in. */
export interface HeardFrame extends MetronomeFrame {
  readonly clusterId: string;
  readonly barLength: number;
  readonly downbeat: boolean;
  readonly windowId: string;
  /** End of the phase, Unix milliseconds. */
  readonly deadlineAtMs: number;
  readonly body: backbeat.BeatFrame;
}

/** One beat, as callbacks get it. */
export interface Beat {
  readonly clusterId: string;
  readonly epoch: number;
  readonly term: number;
  readonly index: number;
  readonly downbeat: boolean;
  readonly phase: backbeat.BeatPhase;
  readonly windowId: string;
  /** First and last index of the bar, both included. */
  readonly windowFrom: number;
  readonly windowTo: number;
  readonly barLength: number;
  readonly tempoBpm: number;
  /** End of the phase, Unix milliseconds. */
  readonly deadlineAtMs: number;
  /** Made by the listener alone, without a pulse to be heard. */
  readonly degraded: boolean;
  /** The stored frame that a late joiner starts from; its age is not known. */
  readonly replayed: boolean;
}

/** The bar that the last frame belongs to, from which every later beat can be told. */
export interface Bar {
  readonly from: number;
  readonly frame: HeardFrame;
  /** When the bar began on the pulse's wall clock. */
  readonly startAtMs: number;
}

/** The bar of a heard frame; the previous one saves the search when the frame is in it. */
export function barOf(frame: HeardFrame, previous: Bar | undefined): Bar {
  const isSame =
    previous !== undefined &&
    previous.frame.epoch === frame.epoch &&
    previous.frame.windowId === frame.windowId;
  const from = isSame ? previous.from : barStartOf(frame);
  const { endsAt } = phaseAt(positionIn(from, frame), frame.barLength);
  return { from, frame, startAtMs: frame.deadlineAtMs - endsAt * beatMsOf(frame.tempoBpm) };
}

/** The beat of this index, at or after the bar, if tempo and bar length stay. */
export function beatAt(bar: Bar, index: number, flags: { degraded: boolean; replayed: boolean }): Beat {
  const { frame } = bar;
  const { barLength } = frame;
  const barsLater = Math.max(0, Math.floor((index - bar.from) / barLength));
  const windowFrom = bar.from + barsLater * barLength;
  const position = Math.max(0, index - windowFrom);
  const { phase, endsAt } = phaseAt(position, barLength);
  const isHeard = index === frame.index;
  return {
    clusterId: frame.clusterId,
    epoch: frame.epoch,
    term: frame.term,
    index,
    downbeat: position === 0,
    phase: isHeard ? frame.body.phase : phase,
    windowId: barsLater === 0 ? frame.windowId : windowIdOf(frame.clusterId, frame.epoch, windowFrom),
    windowFrom,
    windowTo: windowFrom + barLength - 1,
    barLength,
    tempoBpm: frame.tempoBpm,
    deadlineAtMs: isHeard
      ? frame.deadlineAtMs
      : bar.startAtMs + (barsLater * barLength + endsAt) * beatMsOf(frame.tempoBpm),
    ...flags,
  };
}

function positionIn(from: number, frame: HeardFrame): number {
  return Math.min(frame.barLength - 1, Math.max(0, frame.index - from));
}
