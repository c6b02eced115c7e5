import { backbeat } from '@whoosh/contracts';
import {
  type ClosedWindow,
  gridOf,
  isCredible,
  isEarly,
  lastBeatAllowed,
  readMarker,
} from './marker-clock.ts';
import { RotationBook } from './rotation-book.ts';
import { NO_SIGNATURES, type SignatureRules, verdictOf } from './signature-verdict.ts';
import { kindOf, parse, type StoredMessage } from './stored-message.ts';
import { type Claim, PromiseBook } from './window-sums.ts';

/** A report as far as it is defined: what an issue is called and how often it was, in the order of the report. */
export type Bare = Omit<backbeat.BarReport, 'issues' | 'type'> & {
  readonly issues: readonly { readonly category: string; readonly count: number }[];
};

export interface Recomputed {
  readonly report: Bare;
  /** Promises that were neither kept nor broken when the window closed. */
  readonly openPromises: number;
}

const CLAIMS_PER_AGENT_AND_BEAT = 16;

type Refusal = 'malformed' | 'schema' | 'foreign_agent' | 'unsigned' | 'signature';
const REFUSALS = ['malformed', 'schema', 'foreign_agent', 'unsigned', 'signature', 'ahead', 'flood'] as const;

/**
 * The reports of one life of a cluster, computed from its claims stream alone, by the definitions and nothing of reverb's:
 * every claim through the contract's own validator, kept as a whole until its window's marker, then sorted and counted with
 * plain sets. Slow on purpose; tests and the benchmark hold reverb's reports against it.
 */
export class Recomputation {
  readonly windows: Recomputed[] = [];
  readonly #rules: SignatureRules;
  /** Claims of windows that are not closed, each once. */
  #pending = new Map<string, Claim>();
  #perBeat = new Map<string, number>();
  readonly #promises = new PromiseBook();
  readonly #rotations = new RotationBook();
  #late = 0;
  #refused: Partial<Record<(typeof REFUSALS)[number], number>> = {};
  #agentsBefore = new Set<string>();
  #closed: ClosedWindow | undefined;

  constructor(rules: SignatureRules = NO_SIGNATURES) {
    this.#rules = rules;
  }

  /** The messages of the stream in their order; those of other kinds are passed over. */
  take(message: StoredMessage): void {
    const kind = kindOf(message);
    if (kind === 'claim') this.#claim(message);
    else if (kind === 'rotation') this.#rotation(message);
    else if (kind === 'close') this.#close(message);
  }

  #claim(message: StoredMessage): void {
    const body = readClaim(message, this.#rules);
    if (typeof body === 'string') {
      this.#refuse(body);
      return;
    }
    const beat = body.beat_index;
    if (this.#closed !== undefined && beat <= this.#closed.marker.to_beat) {
      this.#late += 1;
      return;
    }
    if (beat > lastBeatAllowed(this.#closed, message.storedAtMs)) {
      this.#refuse('ahead');
      return;
    }
    const place = placeOf(body);
    const key = `${place} ${body.hlc.toLowerCase()}`;
    if (this.#pending.has(key)) return;
    const said = this.#perBeat.get(place) ?? 0;
    if (said >= CLAIMS_PER_AGENT_AND_BEAT) {
      this.#refuse('flood');
      return;
    }
    this.#perBeat.set(place, said + 1);
    this.#pending.set(key, { message, body });
  }

  #rotation(message: StoredMessage): void {
    const isBelieved = verdictOf(message, this.#rules) === 'believed';
    this.#rotations.take(message.text, isBelieved, lastBeatAllowed(this.#closed, message.storedAtMs));
  }

  #close(message: StoredMessage): void {
    const { storedAtMs } = message;
    const marker = readMarker(message);
    const before = this.#closed;
    if (marker === undefined || (before !== undefined && marker.to_beat <= before.marker.to_beat)) return;
    if (!isCredible(marker, storedAtMs, before)) return;
    const closed: ClosedWindow = { marker, storedAtMs, grid: gridOf(marker, storedAtMs, before) };
    const members = this.#membersOf(closed, Math.max(marker.from_beat, (before?.marker.to_beat ?? -1) + 1));
    const agents = new Set(members.map(({ body }) => body.agent_id));
    const sums = this.#promises.sum(members, marker.to_beat, storedAtMs - marker.grace_ms);
    const allowed = lastBeatAllowed(closed, storedAtMs);
    const { unmet, refused } = this.#rotations.close(marker.to_beat, allowed);
    const silent = [...this.#agentsBefore].filter((agent) => !agents.has(agent)).length;
    const counts: [string, number][] = [
      ['stream_outage', marker.stream_outage === true ? 1 : 0],
      ['rotations_unmet', unmet],
      ['invalid_rotations', refused],
      ['missed_windows', marker.missed_windows],
      ['missed_beats', marker.missed_beats],
      ['broken_promises', sums.broken],
      ['late_claims', this.#late],
      ['silent_agents', silent],
      ...REFUSALS.map((reason): [string, number] => [`invalid_claims_${reason}`, this.#refused[reason] ?? 0]),
    ];
    const report: Bare = {
      window_id: marker.window_id,
      from_beat: marker.from_beat,
      to_beat: marker.to_beat,
      agents_reporting: agents.size,
      on_time_reviews: sums.onTime,
      help_promises_fulfilled: sums.helped,
      secret_rotations_ok: unmet === 0,
      tempo_drift_ms: marker.tempo_drift_ms,
      issues: counts.filter(([, count]) => count > 0).map(([category, count]) => ({ category, count })),
    };
    this.windows.push({ report, openPromises: this.#promises.open });
    this.#late = 0;
    this.#refused = {};
    this.#agentsBefore = agents;
    this.#closed = closed;
    this.#forgetBeyond(allowed);
  }

  /** The window's claims in the order of their beats; what else was waiting up to its end is counted and gone. */
  #membersOf(closed: ClosedWindow, from: number): Claim[] {
    const members: Claim[] = [];
    const later = new Map<string, Claim>();
    for (const [key, claim] of this.#pending) {
      const beat = claim.body.beat_index;
      if (beat > closed.marker.to_beat) later.set(key, claim);
      else if (beat < from) this.#late += 1;
      else if (isEarly(beat, claim.message.storedAtMs, closed)) this.#refuse('ahead');
      else members.push(claim);
    }
    this.#keep(later);
    return members.toSorted(
      (a, b) => a.body.beat_index - b.body.beat_index || a.message.sequence - b.message.sequence,
    );
  }

  /** What the closing shows to be far ahead counts in the next report. */
  #forgetBeyond(beat: number): void {
    const kept = new Map([...this.#pending].filter(([, { body }]) => body.beat_index <= beat));
    if (kept.size < this.#pending.size) this.#refuse('ahead', this.#pending.size - kept.size);
    this.#keep(kept);
  }

  #keep(claims: Map<string, Claim>): void {
    this.#pending = claims;
    this.#perBeat = new Map();
    for (const { body } of claims.values()) {
      const place = placeOf(body);
      this.#perBeat.set(place, (this.#perBeat.get(place) ?? 0) + 1);
    }
  }

  #refuse(reason: (typeof REFUSALS)[number], by = 1): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + by;
  }
}

/** The reports of a whole stream. */
export function recompute(messages: Iterable<StoredMessage>, rules?: SignatureRules): Bare[] {
  const recomputation = new Recomputation(rules);
  for (const message of messages) recomputation.take(message);
  return recomputation.windows.map(({ report }) => report);
}

/** A stored report without what the recomputation does not word: severities and sentences. */
export function bare({ type: _type, issues, ...report }: backbeat.BarReport): Bare {
  return { ...report, issues: issues.map(({ category, count }) => ({ category, count })) };
}

function placeOf({ agent_id: agent, beat_index: beat }: backbeat.StatusClaim): string {
  return `${agent} ${beat}`;
}

function readClaim(message: StoredMessage, rules: SignatureRules): backbeat.StatusClaim | Refusal {
  const { subject, text } = message;
  if (Buffer.byteLength(text) > backbeat.CLAIM_BYTES_MAX) return 'schema';
  const json = parse(text);
  if (json === undefined) return 'malformed';
  const { data } = backbeat.StatusClaim.safeParse(json);
  if (data === undefined) return 'schema';
  if (!subject.endsWith(`.claim.${data.agent_id}`)) return 'foreign_agent';
  const verdict = verdictOf(message, rules);
  return verdict === 'believed' ? data : verdict;
}
