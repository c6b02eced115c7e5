import { type Log } from '@whoosh/telemetry';
import { checkFor } from './domain/raft-refusal.ts';
import { type Notice } from './metronome/messages.ts';

const SAY_EVERY_MS = 1_000;

/** Says which connections and frames are refused, each kind once a second at most, with what came meanwhile. */
export class RefusalLog {
  readonly #node: string;
  readonly #log: Pick<Log, 'warn'>;
  readonly #kinds = new Map<string, { saidAtMs: number; unsaid: number }>();

  constructor(node: string, log: Pick<Log, 'warn'>) {
    this.#node = node;
    this.#log = log;
  }

  hear(notice: Notice, nowMs: number): void {
    if (notice.type === 'raft_refused') {
      const { reason, count } = notice;
      this.#say('a Raft connection was refused', { reason, check: checkFor(reason) }, count, nowMs);
    }
    // A copy is what hedging costs.
    if (notice.type === 'ignored' && notice.reason !== 'seen') {
      this.#say('a frame was refused', { reason: notice.reason }, 1, nowMs);
    }
  }

  #say(
    message: string,
    fields: { readonly reason: string; readonly check?: string },
    more: number,
    nowMs: number,
  ): void {
    const key = `${message} ${fields.reason}`;
    const { saidAtMs, unsaid } = this.#kinds.get(key) ?? { saidAtMs: Number.NEGATIVE_INFINITY, unsaid: 0 };
    const count = unsaid + more;
    if (nowMs - saidAtMs < SAY_EVERY_MS) {
      this.#kinds.set(key, { saidAtMs, unsaid: count });
      return;
    }
    this.#kinds.set(key, { saidAtMs: nowMs, unsaid: 0 });
    this.#log.warn({ node: this.#node, ...fields, count }, message);
  }
}
