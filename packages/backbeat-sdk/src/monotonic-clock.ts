/** The passing of time as a listener sees it: never back, whatever happens to the wall clock. */
export interface MonotonicClock {
  nowMs(): number;
  /** Calls back at or after that time; the returned function takes it back. */
  at(timeMs: number, callback: () => void): () => void;
}

export const systemMonotonicClock: MonotonicClock = {
  nowMs: () => performance.now(),
  at(timeMs, callback) {
    const timer = setTimeout(callback, Math.max(0, Math.ceil(timeMs - performance.now())));
    return () => clearTimeout(timer);
  },
};
