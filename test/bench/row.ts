/** One row of the benchmark table: what is measured, beside what, and what it aims at. */
export interface Figures {
  readonly [name: string]: number | string;
}

export interface Measured {
  readonly figures: Figures;
  /** Taken in the same run, on the same machine. */
  readonly baseline: Figures;
  /** Whether the aim is reached; undefined where the row only states. */
  readonly met?: boolean;
  readonly note?: string;
}

export interface Row {
  readonly name: string;
  readonly what: string;
  readonly aim: string;
  readonly baseline: string;
  measure(): Promise<Measured>;
}

const SCALE = Number(process.env['BENCH_SCALE'] ?? '1');

/** A count of the specification, or the share of it that BENCH_SCALE asks for when a row is only tried. */
export function scaled(count: number): number {
  return Math.max(1, Math.round(count * SCALE));
}

/** What is to be said of a row: everything that is there, and that it was only tried when it was. */
export function noteOf(...parts: readonly (string | undefined)[]): { readonly note?: string } {
  const tried = SCALE === 1 ? undefined : `only tried, at BENCH_SCALE=${SCALE}`;
  const note = [...parts, tried].filter((part) => part !== undefined).join('; ');
  return note === '' ? {} : { note };
}

/** The value below which this share of the samples lies; milliseconds, one decimal. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return Math.round(value * 10) / 10;
}

export function distribution(samples: readonly number[]): Figures {
  return {
    n: samples.length,
    p50_ms: percentile(samples, 0.5),
    p95_ms: percentile(samples, 0.95),
    max_ms: percentile(samples, 1),
  };
}
