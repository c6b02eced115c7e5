import { PerformanceObserver } from 'node:perf_hooks';

const STEP_EVERY_MS = 4;
/** Per step half of it is parsed and half plainly allocated: 200 MB a second together, where the machine keeps up. */
const HALF_STEP_BYTES = 400_000;
const LIVE_BYTES = 80_000_000;
const RECORDS = 100;
/** What one parsed record takes on the heap, as measured. */
const RECORD_BYTES = 237;
const PARSE_BYTES = RECORDS * RECORD_BYTES;
const PARSES = Math.round(HALF_STEP_BYTES / PARSE_BYTES);
const POINTERS = 1_000;
const POINTER_BYTES = 8;
const ARRAYS = Math.round(HALF_STEP_BYTES / (POINTERS * POINTER_BYTES));
const LIVE = Math.round(LIVE_BYTES / PARSE_BYTES);

export interface Garbage extends Disposable {
  figures(): GarbageFigures;
}

/** What was made on this thread, and what collecting it cost, per second. */
export interface GarbageFigures {
  readonly mb_per_s: number;
  readonly collections_per_s: number;
  readonly paused_ms_per_s: number;
}

/** Allocates and parses on this thread without end, over a live heap that has to be searched at every full collection. */
export function makeGarbage(): Garbage {
  const text = JSON.stringify(
    Array.from({ length: RECORDS }, (_, i) => ({
      id: `agent:${i}`,
      notes: 'x'.repeat(40 + i),
      at: [i, i + 0.5, i * 2],
    })),
  );
  const live: unknown[] = [];
  let steps = 0;
  const recent: unknown[] = [];
  let pausedMs = 0;
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      pausedMs += duration;
      collections += 1;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const startedMs = performance.now();
  const timer = setInterval(() => {
    for (let i = 0; i < PARSES; i += 1) live[(steps * PARSES + i) % LIVE] = JSON.parse(text);
    for (let i = 0; i < ARRAYS; i += 1) recent[i] = live.slice(0, POINTERS);
    steps += 1;
  }, STEP_EVERY_MS);
  return {
    figures() {
      const seconds = (performance.now() - startedMs) / 1_000;
      return {
        mb_per_s: Math.round((steps * 2 * HALF_STEP_BYTES) / 1e6 / seconds),
        collections_per_s: Math.round(collections / seconds),
        paused_ms_per_s: Math.round(pausedMs / seconds),
      };
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      observer.disconnect();
      live.length = 0;
    },
  };
}
