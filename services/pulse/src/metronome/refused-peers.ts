import { isOperatorsFault } from '../domain/raft-refusal.ts';

const LOOK_EVERY_MS = 1_000;
/** A node that is refused dials several times a second. */
const RECENT_MS = 5_000;

export interface RefusedPeersOptions {
  /** How often connections were refused since the start, by reason. */
  readonly counted: () => Readonly<Record<string, number>>;
  readonly tell: (reason: string, count: number) => void;
}

/** Looks once a second which connections Raft has refused: strangers may knock as often as they like. */
export class RefusedPeers implements Disposable {
  readonly #options: RefusedPeersOptions;
  readonly #known = new Map<string, number>();
  readonly #lastAtMs = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: RefusedPeersOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.look(performance.now()), LOOK_EVERY_MS).unref();
  }

  look(nowMs: number): void {
    for (const [reason, total] of Object.entries(this.#options.counted())) {
      const count = total - (this.#known.get(reason) ?? 0);
      if (count === 0) continue;
      this.#known.set(reason, total);
      this.#lastAtMs.set(reason, nowMs);
      this.#options.tell(reason, count);
    }
  }

  /** Refused within the last seconds, for what an operator can put right. */
  recent(nowMs: number): readonly string[] {
    const recent = [...this.#lastAtMs].filter(([, atMs]) => nowMs - atMs <= RECENT_MS);
    return recent.map(([reason]) => reason).filter(isOperatorsFault);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
