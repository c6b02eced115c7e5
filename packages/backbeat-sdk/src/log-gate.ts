/** Of one kind of message at most one line in this time; the next line says how many were held back. */
const EVERY_MS = 1_000;

/** Keeps a flood of bad messages from becoming a flood of log lines. Kinds are a closed list of the caller's. */
export class LogGate {
  readonly #kinds = new Map<string, { openAtMs: number; heldBack: number }>();

  /** What to add to the line, or undefined when this one is not to be written. */
  pass(kind: string, nowMs: number): { readonly held_back: number } | undefined {
    const gate = this.#kinds.get(kind);
    if (gate !== undefined && nowMs < gate.openAtMs) {
      gate.heldBack += 1;
      return undefined;
    }
    this.#kinds.set(kind, { openAtMs: nowMs + EVERY_MS, heldBack: 0 });
    return { held_back: gate?.heldBack ?? 0 };
  }
}
