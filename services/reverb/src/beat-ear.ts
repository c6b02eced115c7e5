import {
  type Bar,
  barOf,
  type Beat,
  type BeatListener,
  beatAt,
  type HeardFrame,
  readFrame,
  type SignaturePolicy,
} from '@whoosh/backbeat-sdk';
import { DeliverPolicy, type JetStreamClient } from '@nats-io/jetstream';
import { backbeat, STREAMS } from '@whoosh/contracts';
import { type BarView, type WindowPlan } from './domain/window-plan.ts';

const STORED_FRAMES_TIMEOUT_MS = 2_000;

export interface BeatEarOptions {
  readonly listener: BeatListener;
  readonly plan: WindowPlan;
  readonly js: JetStreamClient;
  readonly barLength: number;
  readonly signatures: SignaturePolicy | undefined;
  readonly onHeard: () => void;
}

/**
 * Tells the plan what is heard: first the frames that are stored, so that a window is known from its first beat
 * though reverb came in the middle, then the live ones. Resolves when the stored ones are told; the returned function ends it.
 */
export async function hearBeats(options: BeatEarOptions): Promise<() => void> {
  const { listener, plan, onHeard } = options;
  const { link } = listener;
  let bar: Bar | undefined;
  let held: (() => void)[] | undefined = [];
  const inOrder = (tell: () => void): void => {
    if (held === undefined) tell();
    else held.push(tell);
  };
  const hear = (frame: HeardFrame, arrivalMs: number | undefined): void => {
    bar = barOf(frame, bar);
    plan.hear(viewOf(beatAt(bar, frame.index, { degraded: false, replayed: false })), arrivalMs);
  };
  const leave = link.add({
    frame: (frame, arrivalMs) => inOrder(() => hear(frame, arrivalMs)),
    beat: (beat) =>
      inOrder(() => {
        const startMs = link.timeOf(beat.index);
        if (startMs !== undefined && !beat.replayed) plan.beat(viewOf(beat), startMs);
        onHeard();
      }),
  });
  for (const frame of await storedFrames(options)) hear(frame, undefined);
  for (const tell of held) tell();
  held = undefined;
  return leave;
}

function viewOf({ epoch, index, windowId, windowFrom, windowTo, tempoBpm }: Beat): BarView {
  return { epoch, index, windowId, windowFrom, windowTo, tempoBpm };
}

/** The frames that the stream still has, oldest first; none when it is away. */
async function storedFrames({ js, listener, barLength, signatures }: BeatEarOptions): Promise<HeardFrame[]> {
  const { clusterId } = listener.link;
  const frames: HeardFrame[] = [];
  try {
    const consumer = await js.consumers.get(STREAMS.BACKBEAT_BEATS.name, {
      filter_subjects: backbeat.beats.subject.at({ cluster: clusterId }),
      deliver_policy: DeliverPolicy.All,
    });
    const { num_pending: pending } = await consumer.info();
    if (pending === 0) return [];
    for await (const message of await consumer.fetch({
      max_messages: pending,
      expires: STORED_FRAMES_TIMEOUT_MS,
    })) {
      const reading = readFrame(message.data, message.headers, { clusterId, barLength, signatures });
      if (reading.ok) frames.push(reading.frame);
      if (message.info.pending === 0) break;
    }
  } catch {
    // Then the windows begin with the first frame that is heard.
  }
  return frames;
}
