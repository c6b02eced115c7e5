/** Arrivals are not known better than this, whatever the residuals say. */
const NOISE_FLOOR_MS = 0.05;

export interface Fit {
  readonly slope: number;
  /** Standard error of the slope. */
  readonly slopeSigma: number;
  readonly meanX: number;
  readonly meanY: number;
}

/** The straight line of least squares through at least three points. */
export function fitLine(xs: readonly number[], ys: readonly number[]): Fit {
  const count = xs.length;
  let meanX = 0;
  let meanY = 0;
  for (let i = 0; i < count; i += 1) {
    meanX += (xs[i] as number) / count;
    meanY += (ys[i] as number) / count;
  }
  let sumXX = 0;
  let sumXY = 0;
  for (let i = 0; i < count; i += 1) {
    const dx = (xs[i] as number) - meanX;
    sumXX += dx * dx;
    sumXY += dx * ((ys[i] as number) - meanY);
  }
  const slope = sumXY / sumXX;
  let squares = 0;
  for (let i = 0; i < count; i += 1) {
    const residual = (ys[i] as number) - meanY - slope * ((xs[i] as number) - meanX);
    squares += residual * residual;
  }
  const noise = Math.max(NOISE_FLOOR_MS, Math.sqrt(squares / Math.max(1, count - 2)));
  return { slope, slopeSigma: noise / Math.sqrt(sumXX), meanX, meanY };
}
