interface Event {
  readonly at: number;
  readonly sequence: number;
  readonly run: () => void;
}

/** Virtual time: what is due first happens first, ties in the order of planning. */
export class EventQueue {
  readonly #heap: Event[] = [];
  #sequence = 0;
  now = 0;
  count = 0;

  after(delay: number, run: () => void): void {
    this.#sequence += 1;
    this.#push({ at: this.now + delay, sequence: this.#sequence, run });
  }

  /** Runs everything due until `end`. */
  runUntil(end: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= end; first = this.#heap[0]) {
      this.#pop();
      this.now = first.at;
      this.count += 1;
      first.run();
    }
    this.now = end;
  }

  #before(left: number, right: number): boolean {
    const [a, b] = [this.#heap[left], this.#heap[right]];
    if (a === undefined || b === undefined) return a !== undefined;
    return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
  }

  #swap(left: number, right: number): void {
    const [a, b] = [this.#heap[left], this.#heap[right]];
    if (a === undefined || b === undefined) return;
    this.#heap[left] = b;
    this.#heap[right] = a;
  }

  #push(event: Event): void {
    this.#heap.push(event);
    for (let at = this.#heap.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (this.#before(parent, at)) return;
      this.#swap(parent, at);
      at = parent;
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= this.#heap.length) return;
      const child = left + 1 < this.#heap.length && this.#before(left + 1, left) ? left + 1 : left;
      if (this.#before(at, child)) return;
      this.#swap(at, child);
      at = child;
    }
  }
}
