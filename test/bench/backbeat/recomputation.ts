import { backbeat } from '@whoosh/contracts';

/** One message of the claims stream, as it lies there. */
export interface StreamMessage {
  readonly sequence: number;
  /** The broker's clock, Unix milliseconds. */
  readonly storedAtMs: number;
  readonly subject: string;
  readonly text: string;
}

/** A report as far as it is defined: what an issue is called and how often it was. */
export type Recomputed = Omit<backbeat.BarReport, 'issues' | 'type'> & {
  readonly issues: Readonly<Record<string, number>>;
};

interface Claim {
  readonly message: StreamMessage;
  readonly body: backbeat.StatusClaim;
}
interface Closed {
  readonly marker: backbeat.WindowClose;
  readonly message: StreamMessage;
  readonly endAtMs: number;
}

const CLAIMS_PER_AGENT_AND_BEAT = 16;
const PROMISE_BEATS_MAX = 64;
/** Clocks do not agree to the millisecond: a twentieth of a beat is forgiven. */
const FORGIVEN_BEATS = 0.05;
/** From bar to bar: a tenth, or where that is more, a tenth of a beat per minute. */
const TEMPO_RISE_MAX = 1.1;
const TEMPO_RISE_BPM = 0.1;
const TEMPO_BPM_MAX = 1_000;
const CLOCK_RATE = 1.001;

/**
 * The reports of one life of a cluster, computed from its claims stream alone, by the definitions and nothing of reverb's:
 * every claim through the contract's own validator, kept as a whole until its window's marker, then sorted and counted with
 * plain sets. Slow on purpose; the tests and the benchmark hold reverb's reports against it.
 */
export class Recomputation {
  readonly reports: Recomputed[] = [];
  #pending = new Map<string, Claim>();
  #perBeat = new Map<string, number>();
  readonly #promises = new Map<string, { readonly due: number; readonly isHelp: boolean }>();
  readonly #rotations = new Map<string, { readonly beat: number; readonly isDone: boolean }>();
  #issues: Record<string, number> = {};
  #agentsBefore = new Set<string>();
  #closed: Closed | undefined;

  take(message: StreamMessage): void {
    const kind = message.subject.split('.')[2];
    if (kind === 'claim') this.#claim(message);
    else if (kind === 'rotation') this.#rotation(message);
    else if (kind === 'close') this.#close(message);
  }

  #claim(message: StreamMessage): void {
    const body = readClaim(message);
    if (typeof body === 'string') {
      this.#count(`invalid_claims_${body}`);
      return;
    }
    const beat = body.beat_index;
    if (this.#closed !== undefined && beat <= this.#closed.marker.to_beat) {
      this.#count('late_claims');
      return;
    }
    if (beat > lastBeatAllowed(this.#closed, message.storedAtMs)) {
      this.#count('invalid_claims_ahead');
      return;
    }
    const place = `${body.agent_id} ${beat}`;
    const key = `${place} ${body.hlc.toLowerCase()}`;
    if (this.#pending.has(key)) return;
    const said = this.#perBeat.get(place) ?? 0;
    if (said >= CLAIMS_PER_AGENT_AND_BEAT) {
      this.#count('invalid_claims_flood');
      return;
    }
    this.#perBeat.set(place, said + 1);
    this.#pending.set(key, { message, body });
  }

  #rotation({ text }: StreamMessage): void {
    const { data } = backbeat.Rotation.safeParse(parse(text));
    if (data === undefined) {
      this.#count('invalid_rotations');
      return;
    }
    const known = this.#rotations.get(data.name);
    if (data.state === 'required') {
      if (known === undefined || known.isDone)
        this.#rotations.set(data.name, { beat: data.beat_index, isDone: false });
    } else if (known !== undefined) {
      this.#rotations.set(data.name, { ...known, isDone: data.state === 'done' });
    }
  }

  #close(message: StreamMessage): void {
    const { data: marker } = backbeat.WindowClose.safeParse(parse(message.text));
    if (marker === undefined || !message.subject.endsWith(`.${marker.window_id}`)) return;
    const before = this.#closed;
    if (before !== undefined && marker.to_beat <= before.marker.to_beat) return;
    const closed: Closed = { marker, message, endAtMs: endOf(marker, message, before) };
    const from = Math.max(marker.from_beat, (before?.marker.to_beat ?? -1) + 1);
    const members = this.#membersOf(closed, from);
    const agents = new Set(members.map(({ body }) => body.agent_id));
    const sums = this.#sums(members, closed);
    const unmet = this.#unmetRotations(marker.to_beat);
    this.#count('broken_promises', sums.broken);
    this.#count('rotations_unmet', unmet);
    this.#count('silent_agents', [...this.#agentsBefore].filter((agent) => !agents.has(agent)).length);
    this.#count('missed_beats', marker.missed_beats);
    this.#count('missed_windows', marker.missed_windows);
    this.#count('stream_outage', marker.stream_outage === true ? 1 : 0);
    this.reports.push({
      window_id: marker.window_id,
      from_beat: marker.from_beat,
      to_beat: marker.to_beat,
      agents_reporting: agents.size,
      on_time_reviews: sums.onTime,
      help_promises_fulfilled: sums.helped,
      secret_rotations_ok: unmet === 0,
      tempo_drift_ms: marker.tempo_drift_ms,
      issues: this.#issues,
    });
    this.#issues = {};
    this.#agentsBefore = agents;
    this.#closed = closed;
    this.#forgetBeyond(lastBeatAllowed(closed, message.storedAtMs));
  }

  /** The window's claims in the order of their beats; what else was waiting up to its end is counted and gone. */
  #membersOf({ marker, endAtMs }: Closed, from: number): Claim[] {
    const members: Claim[] = [];
    const later = new Map<string, Claim>();
    for (const [key, claim] of this.#pending) {
      const beat = claim.body.beat_index;
      if (beat > marker.to_beat) later.set(key, claim);
      else if (beat < from) this.#count('late_claims');
      else if (isEarly(claim, marker, endAtMs)) this.#count('invalid_claims_ahead');
      else members.push(claim);
    }
    this.#keep(later);
    return members.toSorted(
      (a, b) => a.body.beat_index - b.body.beat_index || a.message.sequence - b.message.sequence,
    );
  }

  #forgetBeyond(beat: number): void {
    const kept = new Map([...this.#pending].filter(([, { body }]) => body.beat_index <= beat));
    this.#count('invalid_claims_ahead', this.#pending.size - kept.size);
    this.#keep(kept);
  }

  #keep(claims: Map<string, Claim>): void {
    this.#pending = claims;
    this.#perBeat = new Map();
    for (const { body } of claims.values()) {
      const place = `${body.agent_id} ${body.beat_index}`;
      this.#perBeat.set(place, (this.#perBeat.get(place) ?? 0) + 1);
    }
  }

  #sums(members: readonly Claim[], { marker, message }: Closed) {
    const onTime = new Set<string>();
    const helped = new Set<string>();
    let broken = 0;
    const deadlineMs = message.storedAtMs - marker.grace_ms;
    for (const { body, message: stored } of members) {
      const work = `${body.agent_id} ${body.task_id ?? ''}`;
      const isReviewed = body.state === 'completed' || (body.state === 'reviewing' && body.progress === 1);
      if (isReviewed && stored.storedAtMs <= deadlineMs) onTime.add(work);
      if (body.state === 'completed' || body.state === 'failed') {
        for (const kind of ['help', 'own']) {
          const promise = this.#promises.get(`${work} ${kind}`);
          if (promise === undefined) continue;
          this.#promises.delete(`${work} ${kind}`);
          if (body.state === 'failed' || body.beat_index > promise.due) broken += 1;
          else if (promise.isHelp) helped.add(work);
        }
      } else if (body.state !== 'idle' && body.beats_left !== undefined) {
        const isHelp = body.state === 'helping';
        const key = `${work} ${isHelp ? 'help' : 'own'}`;
        const due = body.beat_index + Math.min(PROMISE_BEATS_MAX, body.beats_left);
        if (!this.#promises.has(key)) this.#promises.set(key, { due, isHelp });
      }
    }
    for (const [key, { due }] of this.#promises) {
      if (due > marker.to_beat) continue;
      this.#promises.delete(key);
      broken += 1;
    }
    return { onTime: onTime.size, helped: helped.size, broken };
  }

  #unmetRotations(toBeat: number): number {
    let unmet = 0;
    for (const [name, { beat, isDone }] of this.#rotations) {
      if (beat > toBeat) continue;
      this.#rotations.delete(name);
      if (!isDone) unmet += 1;
    }
    return unmet;
  }

  #count(issue: string, by = 1): void {
    if (by > 0) this.#issues[issue] = (this.#issues[issue] ?? 0) + by;
  }
}

/** A stored report in the same words. */
export function worded({ type: _type, issues, ...report }: backbeat.BarReport): Recomputed {
  return { ...report, issues: Object.fromEntries(issues.map(({ category, count }) => [category, count])) };
}

function readClaim({ subject, text }: StreamMessage): backbeat.StatusClaim | string {
  if (Buffer.byteLength(text) > backbeat.CLAIM_BYTES_MAX) return 'schema';
  const json = parse(text);
  if (json === undefined) return 'malformed';
  const { data } = backbeat.StatusClaim.safeParse(json);
  if (data === undefined) return 'schema';
  return subject.endsWith(`.claim.${data.agent_id}`) ? data : 'foreign_agent';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** When the window ended: as its marker tells, but no later and no sooner than the window before it allows. */
function endOf(
  marker: backbeat.WindowClose,
  { storedAtMs }: StreamMessage,
  before: Closed | undefined,
): number {
  const toldMs = storedAtMs - (marker.elapsed_ms ?? 0);
  if (before === undefined) return toldMs;
  const beats = marker.to_beat - before.marker.to_beat;
  const countedMs = before.endAtMs + beats * (marker.beat_ms ?? 0) * CLOCK_RATE;
  return Math.max(Math.min(toldMs, countedMs), Math.min(storedAtMs, soonestEnd(marker.to_beat, before)));
}

/** Bar by bar, each faster than the one before by as much as a tempo may rise. */
function soonestEnd(toBeat: number, { marker, endAtMs }: Closed): number {
  const barBeats = marker.to_beat - marker.from_beat + 1;
  let bpm = 60_000 / (marker.beat_ms ?? Number.NaN);
  let beatMs = Number.NaN;
  let atMs = endAtMs;
  for (let beat = marker.to_beat + 1; beat <= toBeat; beat += 1) {
    if ((beat - marker.to_beat - 1) % barBeats === 0) {
      const isFastest = bpm >= TEMPO_BPM_MAX;
      if (!isFastest) bpm = Math.max(bpm * TEMPO_RISE_MAX, bpm + TEMPO_RISE_BPM);
      beatMs = 60_000 / (isFastest ? TEMPO_BPM_MAX : bpm);
    }
    atMs += beatMs;
  }
  return atMs;
}

function lastBeatAllowed(closed: Closed | undefined, storedAtMs: number): number {
  if (closed === undefined) return Number.POSITIVE_INFINITY;
  const beats = Math.max(0, storedAtMs - closed.endAtMs) / (closed.marker.beat_ms ?? 0);
  return closed.marker.to_beat + 2 + Math.floor(beats * TEMPO_RISE_MAX + FORGIVEN_BEATS);
}

/** Whether a claim of the window was stored more than a beat before its own. */
function isEarly({ message, body }: Claim, marker: backbeat.WindowClose, endAtMs: number): boolean {
  const beatMs = marker.beat_ms ?? 0;
  const beatAtMs = endAtMs - (marker.to_beat + 1 - body.beat_index) * beatMs;
  return message.storedAtMs < beatAtMs - (1 + FORGIVEN_BEATS) * beatMs;
}
