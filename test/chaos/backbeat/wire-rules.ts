/**
 * What must hold of everything that is said on the beat's subject, judged from a record of it alone: no rule here is shared with the
 * services. Times are milliseconds of the recorder's monotonic clock.
 */
import { createHash } from 'node:crypto';
import { backbeat } from '@whoosh/contracts';
import * as z from 'zod';

/** What a pulse sends: stricter than what is read, and complete. */
const SentFrame = backbeat.BeatFrame.and(
  z.object({
    phase: z.enum(backbeat.PHASES),
    metadata: z.strictObject({
      pulse_version: z.string(),
      cluster_health: z.enum(['healthy', 'degraded']),
      epoch: z.int().min(1),
      at: z.number(),
      term: z.int().min(1),
      node: z.string(),
      bar_length: z.int().min(1),
      missed_beats: z.int().min(0),
    }),
  }),
);
export type SentFrame = z.infer<typeof SentFrame>;

export interface HeardFrame {
  /** Which server it was heard from. */
  readonly broker: number;
  readonly arrivedAtMs: number;
  readonly text: string;
  readonly messageId: string;
}

/** Somebody was stopped, or the recorder itself stood still: what is late then proves nothing. */
export interface Excuse {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Accepted {
  readonly frame: SentFrame;
  readonly arrivedAtMs: number;
}

export interface WireVerdict {
  readonly violations: readonly string[];
  /** First arrivals of the frames that a listener with a fence acts on. */
  readonly accepted: readonly Accepted[];
  readonly figures: {
    readonly heard: number;
    readonly copies: number;
    /** Frames of somebody who was replaced while it stood still. */
    readonly stale: number;
    readonly late: number;
    readonly missed: number;
    readonly terms: number;
  };
}

const LATE_BEATS_MAX = 0.5;
/** For the way through the broker and the recorder's own turn. */
const SLACK_MS = 60;
const GRID_ERROR_MS_MAX = 0.01;
const VIOLATIONS_MAX = 40;

export function judgeWire(
  heard: readonly HeardFrame[],
  cluster: string,
  excuses: readonly Excuse[],
): WireVerdict {
  const violations: string[] = [];
  const complain = (text: string): void => {
    if (violations.length < VIOLATIONS_MAX) violations.push(text);
  };
  const firsts = new Map<string, Accepted & { readonly text: string }>();
  const accepted: Accepted[] = [];
  const lastOfSender = new Map<string, number>();
  const isExcused = (atMs: number): boolean =>
    excuses.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs);
  const counts = { copies: 0, stale: 0 };

  for (const { text, messageId, arrivedAtMs } of heard.toSorted((a, b) => a.arrivedAtMs - b.arrivedAtMs)) {
    const frame = frameOf(text);
    if (frame === undefined || frame.cluster_id !== cluster) {
      complain(`not a frame of ours: ${text.slice(0, 200)}`);
      continue;
    }
    const { beat_index: index, metadata } = frame;
    const key = `${metadata.epoch}/${index}`;
    const known = firsts.get(key);
    if (known !== undefined) {
      counts.copies += 1;
      if (known.text !== text) complain(`beat ${index} has two frames: ${known.text} and ${text}`);
      continue;
    }
    firsts.set(key, { frame, arrivedAtMs, text });
    if (messageId !== `${cluster}:${metadata.epoch}:${index}`)
      complain(`beat ${index} has the id ${messageId}`);
    const sender = `${metadata.node}/${metadata.term}`;
    const before = lastOfSender.get(sender) ?? -1;
    if (index <= before) complain(`${sender} says ${index} after ${before}`);
    lastOfSender.set(sender, Math.max(before, index));
    const last = accepted.at(-1)?.frame;
    if (last !== undefined && !passesFence(last, frame)) {
      counts.stale += 1;
      if (!isExcused(arrivedAtMs)) complain(`beat ${index} of ${sender} came when it had been replaced`);
      continue;
    }
    accepted.push({ frame, arrivedAtMs });
  }
  const offsetMs = Math.min(...accepted.map(({ frame, arrivedAtMs }) => arrivedAtMs - frame.metadata.at));
  const late = new Set<Accepted>();
  for (const each of accepted) {
    const { frame, arrivedAtMs } = each;
    const lateMs = arrivedAtMs - frame.metadata.at - offsetMs;
    if (lateMs <= LATE_BEATS_MAX * beatMs(frame) + SLACK_MS) continue;
    late.add(each);
    if (!isExcused(arrivedAtMs)) complain(`beat ${frame.beat_index} came ${Math.round(lateMs)} ms late`);
  }
  for (const complaint of [
    ...inOrder([...firsts.values()]),
    ...continuous(accepted, late, isExcused),
    ...scored(accepted),
  ])
    complain(complaint);
  const missed = accepted.slice(1).reduce((sum, { frame }) => sum + frame.metadata.missed_beats, 0);
  const terms = new Set(accepted.map(({ frame }) => frame.metadata.term)).size;
  return {
    violations,
    accepted,
    figures: { heard: heard.length, ...counts, late: late.size, missed, terms },
  };
}

function frameOf(text: string): SentFrame | undefined {
  try {
    const raw = JSON.parse(text) as { phase?: unknown };
    return z.enum(backbeat.PHASES).safeParse(raw.phase).success ? SentFrame.safeParse(raw).data : undefined;
  } catch {
    return undefined;
  }
}

/** Higher epochs always; within one, terms that do not fall and indices that rise. */
function passesFence(last: SentFrame, frame: SentFrame): boolean {
  const [old, now] = [last.metadata, frame.metadata];
  if (now.epoch !== old.epoch) return now.epoch > old.epoch;
  return now.term >= old.term && frame.beat_index > last.beat_index;
}

export function beatMs({ tempo_bpm }: Pick<SentFrame, 'tempo_bpm'>): number {
  return 60_000 / tempo_bpm;
}

/** One epoch; and in the order of indices the terms never fall, whenever the frames arrived. */
function* inOrder(firsts: readonly Accepted[]): Generator<string> {
  const frames = firsts.map(({ frame }) => frame).toSorted((a, b) => a.beat_index - b.beat_index);
  for (const [at, frame] of frames.entries()) {
    const before = frames[at - 1];
    if (before === undefined) continue;
    const [old, now] = [before.metadata, frame.metadata];
    if (old.epoch !== now.epoch) yield `the epoch changes at beat ${frame.beat_index}`;
    if (now.term < old.term) {
      yield `beat ${frame.beat_index} is of term ${now.term}, beat ${before.beat_index} of ${old.term}`;
    }
  }
}

/**
 * What is missing is named, and nothing is sent in a bunch. Who takes over names as missed what it has not heard by then: that
 * may be frames of the one before it that came too late, out of a cable that was pulled.
 */
function* continuous(
  accepted: readonly Accepted[],
  late: ReadonlySet<Accepted>,
  isExcused: (atMs: number) => boolean,
): Generator<string> {
  for (const [at, { frame, arrivedAtMs }] of accepted.entries()) {
    const before = accepted[at - 1];
    if (before === undefined) continue;
    const gap = frame.beat_index - before.frame.beat_index - 1;
    const { missed_beats: missed } = frame.metadata;
    if (missed < gap || missed > gap + lateBefore(accepted, at, late)) {
      yield `beat ${frame.beat_index} of ${frame.metadata.node} names ${missed} missed, ${gap} are`;
    }
    const isDegraded = frame.metadata.cluster_health === 'degraded';
    if (gap > 0 && !isDegraded) yield `beat ${frame.beat_index} follows a gap and is not degraded`;
    const lengthMs = frame.metadata.at - before.frame.metadata.at;
    const lateMs = arrivedAtMs - before.arrivedAtMs - lengthMs;
    const isBunched = lateMs < -(LATE_BEATS_MAX * beatMs(before.frame) + SLACK_MS);
    if (isBunched && !isExcused(arrivedAtMs)) {
      yield `beats ${before.frame.beat_index} and ${frame.beat_index} are bunched: ${Math.round(lengthMs + lateMs)} ms apart`;
    }
  }
}

/** Frames of earlier terms that came late, one after the other, right before this one. */
function lateBefore(accepted: readonly Accepted[], at: number, late: ReadonlySet<Accepted>): number {
  const term = accepted[at]?.frame.metadata.term ?? 0;
  let count = 0;
  for (let i = at - 1; i >= 0; i -= 1) {
    const each = accepted[i];
    if (each === undefined || !late.has(each) || each.frame.metadata.term >= term) break;
    count += 1;
  }
  return count;
}

/** Grid, bars, phases, windows and deadlines, computed anew. */
function* scored(accepted: readonly Accepted[]): Generator<string> {
  for (const [at, { frame }] of accepted.entries()) {
    const before = accepted[at - 1]?.frame;
    if (before !== undefined && Math.abs(gridErrorMs(before, frame)) > GRID_ERROR_MS_MAX) {
      yield `beat ${frame.beat_index} lies beside the grid of beat ${before.beat_index}`;
    }
    const expected = scoreOf(frame);
    const found = {
      downbeat: frame.downbeat,
      phase: frame.phase,
      window_id: frame.window_id,
      deadline_at: frame.deadline_at,
    };
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
      yield `beat ${frame.beat_index} says ${JSON.stringify(found)}, right is ${JSON.stringify(expected)}`;
    }
  }
}

/** Distance from where the earlier frame's grid has this beat; the tempo may have changed at any downbeat between. */
function gridErrorMs(before: SentFrame, frame: SentFrame): number {
  const [from, to] = [before.beat_index, frame.beat_index];
  const bar = frame.metadata.bar_length;
  const lengthMs = frame.metadata.at - before.metadata.at;
  const errors: number[] = [];
  if (before.tempo_bpm === frame.tempo_bpm) errors.push(lengthMs - (to - from) * beatMs(frame));
  for (let change = Math.ceil((from + 1) / bar) * bar; change <= to; change += bar) {
    errors.push(lengthMs - (change - from) * beatMs(before) - (to - change) * beatMs(frame));
  }
  return errors.toSorted((a, b) => Math.abs(a) - Math.abs(b))[0] ?? Number.POSITIVE_INFINITY;
}

/** Bars of one length from beat 0 on: thirds, with at least one beat of planning (from three on) and of review. */
function scoreOf(frame: SentFrame) {
  const { bar_length: bar, epoch, at } = frame.metadata;
  const position = frame.beat_index % bar;
  const planning = bar >= 3 ? Math.floor(bar / 3) : 0;
  const review = Math.max(1, Math.floor(bar / 3));
  const [phase, end]: [string, number] =
    position < planning
      ? ['planning', planning]
      : position < bar - review
        ? ['execution', bar - review]
        : ['review', bar];
  return {
    downbeat: position === 0,
    phase,
    window_id: windowIdOf(frame.cluster_id, epoch, frame.beat_index - position),
    deadline_at: new Date(Math.round(at + (end - position) * beatMs(frame))).toISOString(),
  };
}

export function windowIdOf(cluster: string, epoch: number, first: number): string {
  return createHash('sha256').update(`${cluster}\n${epoch}\n${first}`).digest('hex').slice(0, 32);
}
