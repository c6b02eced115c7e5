/** True when able to work, else the reason in words an operator understands. Asked on every probe: must be cheap. */
export type ReadinessCheck = () => true | string;

/** Whether this process may get work, and if not, what is missing. */
export class Readiness {
  readonly #checks = new Map<string, ReadinessCheck>();

  /** Adds or replaces a named check, such as `database` or `bus`. */
  check(name: string, check: ReadinessCheck): void {
    this.#checks.set(name, check);
  }

  /** Takes a check away again, when what it watched is no longer needed. */
  forget(name: string): void {
    this.#checks.delete(name);
  }

  /** Reasons by name of what is not ready; empty when everything is. A check that throws has failed. */
  failing(): Record<string, string> {
    const failing: Record<string, string> = {};
    for (const [name, check] of this.#checks) {
      const verdict = verdictOf(check);
      if (verdict !== true) failing[name] = verdict;
    }
    return failing;
  }
}

function verdictOf(check: ReadinessCheck): true | string {
  try {
    return check();
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}
