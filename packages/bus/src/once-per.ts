/** True at most once per `intervalMs` for each key: a flood of broken messages must not become a flood of lines. */
export class OncePer {
  readonly #intervalMs: number;
  readonly #lastAt = new Map<string, number>();

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  allows(key: string, nowMs: number): boolean {
    const last = this.#lastAt.get(key);
    if (last !== undefined && nowMs - last < this.#intervalMs) return false;
    this.#lastAt.set(key, nowMs);
    return true;
  }
}
