import { windowIdOf } from '@whoosh/backbeat-sdk/rules';
import { type backbeat } from '@whoosh/contracts';
import { type StoredMessage } from '@whoosh/testkit/recomputation';
import { readEntry } from '../src/claim-decoder.ts';
import { type ClosedWindow, WindowBook } from '../src/domain/window-book.ts';

export const BEAT_MS = 500;
export const GRACE_MS = 125;
export const START_MS = 1_700_000_000_000;

/** A claims stream as the broker would hold it, written beat by beat. */
export class WrittenStream {
  readonly messages: StoredMessage[] = [];
  nowMs = START_MS;
  #hlc = 0;

  put(subject: string, body: unknown): this {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.messages.push({
      sequence: this.messages.length + 1,
      storedAtMs: Math.floor(this.nowMs),
      subject,
      text,
    });
    return this;
  }

  at(beat: number): this {
    this.nowMs = START_MS + beat * BEAT_MS;
    return this;
  }

  claim(agent: string, beat: number, rest: Partial<backbeat.StatusClaim> = {}): this {
    this.#hlc += 1;
    const hlc = `0000:${this.#hlc.toString(16).padStart(4, '0')}:0001`;
    return this.put(`backbeat.c.claim.${agent}`, {
      type: 'backbeat.statusclaim.v1',
      agent_id: agent,
      beat_index: beat,
      state: 'executing',
      hlc,
      ...rest,
    });
  }

  close(from: number, to: number, rest: Partial<backbeat.WindowClose> = {}): this {
    this.nowMs = Math.max(this.nowMs, START_MS + (to + 1) * BEAT_MS + GRACE_MS);
    return this.mark(from, to, { elapsed_ms: this.nowMs - (START_MS + (to + 1) * BEAT_MS), ...rest });
  }

  /** A marker now, whether its window is over or not. */
  mark(from: number, to: number, rest: Partial<backbeat.WindowClose> = {}): this {
    const windowId = windowIdOf('c', rest.epoch ?? 1, from);
    return this.put(`backbeat.c.close.${windowId}`, {
      type: 'backbeat.windowclose.v1',
      window_id: windowId,
      epoch: 1,
      from_beat: from,
      to_beat: to,
      reason: 'frame',
      missed_beats: 0,
      missed_windows: 0,
      tempo_drift_ms: 0,
      grace_ms: GRACE_MS,
      beat_ms: BEAT_MS,
      elapsed_ms: 0,
      ...rest,
    });
  }
}

export function fold(messages: readonly StoredMessage[], book = new WindowBook()): ClosedWindow[] {
  const closed: ClosedWindow[] = [];
  for (const { subject, text, sequence, storedAtMs } of messages) {
    const entry = readEntry(subject, new TextEncoder().encode(text), { sequence, storedAtMs });
    if (entry === undefined) continue;
    const applied = book.apply(entry);
    if (applied.kind === 'closed') closed.push(applied.window);
  }
  return closed;
}

export function reportsOf(stream: WrittenStream): backbeat.BarReport[] {
  return fold(stream.messages).map(({ report }) => report);
}

export function issuesOf(report: backbeat.BarReport | undefined): Record<string, number> {
  return Object.fromEntries((report?.issues ?? []).map(({ category, count }) => [category, count]));
}
