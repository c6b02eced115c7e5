const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy;

/**
 * Milliseconds of a text such as `250ms`, `30s`, `5m`, `24h`, `1h30m`, `1.5s`; undefined when it is none. A number
 * without a unit is refused (except 0): whoever wrote it may have meant seconds.
 */
export function parseDurationMs(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  let totalMs = 0;
  let end = 0;
  for (const [part, amount, unit] of trimmed.matchAll(PART)) {
    totalMs += Number(amount) * (UNIT_MS[unit as string] as number);
    end += part.length;
  }
  if (end === 0 || end !== trimmed.length || !Number.isSafeInteger(Math.round(totalMs))) return undefined;
  return Math.round(totalMs);
}
