import { type Figures } from '../row.ts';

/** The value below which this share of the samples lies, with two decimals. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return Math.round(value * 100) / 100;
}

/** Median, p95, p99 and the largest in milliseconds, one after the other. */
export function quantiles(name: string, samples: readonly number[]): Figures {
  const parts = [0.5, 0.95, 0.99, 1].map((share) => quantile(samples, share));
  return { [`${name}_p50/p95/p99/max_ms`]: parts.join('/') };
}
