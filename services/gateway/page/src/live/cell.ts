import { useEffect, useState } from 'preact/hooks';

/** A value that tells its readers when it changes. */
export class Cell<Value> {
  #value: Value;
  readonly #readers = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  set(value: Value): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const reader of this.#readers) reader();
  }

  update(change: (value: Value) => Value): void {
    this.set(change(this.#value));
  }

  subscribe(reader: () => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }
}

/** Renders again whenever the cell changes. */
export function useCell<Value>(cell: Cell<Value>): Value {
  const [, again] = useState(0);
  useEffect(() => cell.subscribe(() => again((n) => n + 1)), [cell]);
  return cell.value;
}

/** Renders again every so often, for words like "5 s ago". */
export function useNow(everyMs = 1_000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
