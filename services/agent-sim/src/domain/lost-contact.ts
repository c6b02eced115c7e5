/** An agent that nobody has spoken with for this long ends itself. */
export const CONTACT_LOST_AFTER_MS = 60_000;

/** Ages of the last words that an agent has heard. */
export interface LastWords {
  /** Of the orchestrator or the gateway. */
  readonly spokenMs: number;
  /** Of the pulse; undefined before its first. */
  readonly frameMs: number | undefined;
}

/** Anybody's word counts: an agent whose pulse is silent may have a gateway, and the other way round. */
export function isContactLost({ spokenMs, frameMs }: LastWords): boolean {
  return Math.min(spokenMs, frameMs ?? Number.POSITIVE_INFINITY) > CONTACT_LOST_AFTER_MS;
}
