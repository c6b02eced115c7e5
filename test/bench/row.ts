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
