/** What ends sooner than this is not worth a word. */
const GRACE_MS = 500;
/** Another reason is said at most so often: with several servers the reasons take turns. */
const CHANGED_MS = 5_000;
const AGAIN_MS = 60_000;

/** Decides when a wait deserves a line in the log: after a grace, when its reason changes, and once a minute. */
export class WaitLine {
  readonly #beganAtMs: number;
  #said: { readonly reason: string; readonly atMs: number } | undefined;

  constructor(beganAtMs: number) {
    this.#beganAtMs = beganAtMs;
  }

  /** Whether anything was said, so that its end deserves a line too. */
  get wasSaid(): boolean {
    return this.#said !== undefined;
  }

  isDue(reason: string, nowMs: number): boolean {
    if (!this.#isTime(reason, nowMs)) return false;
    this.#said = { reason, atMs: nowMs };
    return true;
  }

  #isTime(reason: string, nowMs: number): boolean {
    if (this.#said === undefined) return nowMs - this.#beganAtMs >= GRACE_MS;
    return nowMs - this.#said.atMs >= (reason === this.#said.reason ? AGAIN_MS : CHANGED_MS);
  }
}
