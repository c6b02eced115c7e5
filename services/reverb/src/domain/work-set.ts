/**
 * Counts different pairs of agent and task. Most agents have one task in a window, so a text per agent does; a key made
 * of both would be a new text, and its hash, for every claim.
 */
export class WorkSet {
  readonly #tasks = new Map<string, string | Set<string>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(agent: string, task: string): void {
    const known = this.#tasks.get(agent);
    if (known === task) return;
    if (known === undefined) this.#tasks.set(agent, task);
    else if (typeof known === 'string') this.#tasks.set(agent, new Set([known, task]));
    else if (known.has(task)) return;
    else known.add(task);
    this.#size += 1;
  }
}
