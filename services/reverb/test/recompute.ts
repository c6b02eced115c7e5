import { createHash, type KeyObject, verify } from 'node:crypto';
import { backbeat } from '@whoosh/contracts';
import { vouchedKey } from './vouched-key.ts';

/** One message of the claims stream, as it lies there. */
export interface RawMessage {
  readonly sequence: number;
  readonly storedAtMs: number;
  readonly subject: string;
  readonly text: string;
  /** What the headers of the protocol say, where there are any. */
  readonly key?: string;
  readonly signature?: string;
}

/** The keys as somebody else keeps them, for a recomputation of signed claims. */
export interface SignatureRules {
  readonly keys: readonly { readonly name: string; readonly owner: string; readonly publicKey: KeyObject }[];
  readonly required: boolean;
}

interface Judged extends RawMessage {
  readonly verdict: 'believed' | 'unsigned' | 'signature';
}

interface Claim {
  readonly message: Judged;
  readonly body: backbeat.StatusClaim;
}

const TOLERANCE = 0.05;

/**
 * The reports of one cluster (one epoch), computed anew from the whole stream by the definitions alone: slowly,
 * window by window, sharing nothing with the service but the contract.
 */
export function recompute(
  stored: readonly RawMessage[],
  rules: SignatureRules = { keys: [], required: false },
): backbeat.BarReport[] {
  const messages = stored.map((message) => ({ ...message, verdict: verdictOf(message, rules) }));
  const reports: backbeat.BarReport[] = [];
  const promises = new Map<string, { due: number; help: boolean }>();
  const markers = acceptedMarkers(messages);
  let before: Marker | undefined;
  let agentsBefore = new Set<string>();
  let aheadOnClosing = 0;
  for (const marker of markers) {
    const since = before?.message.sequence ?? 0;
    const isHere = ({ sequence }: Judged) => sequence > since && sequence < marker.message.sequence;
    const invalid: Record<string, number> = { ahead: aheadOnClosing };
    const count = (reason: string) => (invalid[reason] = (invalid[reason] ?? 0) + 1);
    let late = 0;
    for (const message of messages.filter(isHere)) {
      const reading = readClaim(message);
      if (typeof reading === 'string') count(reading);
      else if (
        reading !== undefined &&
        before !== undefined &&
        reading.body.beat_index <= before.body.to_beat
      )
        late += 1;
      else if (reading !== undefined && reading.body.beat_index > horizon(before, message)) count('ahead');
    }
    const from = Math.max(marker.body.from_beat, (before?.body.to_beat ?? -1) + 1);
    const waiting = waitingAt(messages, markers, marker.message.sequence);
    late += waiting.claims.filter(({ body }) => body.beat_index < from).length;
    const inWindow = waiting.claims.filter(
      ({ body }) => body.beat_index >= from && body.beat_index <= marker.body.to_beat,
    );
    const members = inWindow.filter(({ message, body }) => !isAhead(marker, message, body.beat_index));
    for (const message of waiting.floods.filter(isHere)) if (message !== undefined) count('flood');
    invalid['ahead'] = (invalid['ahead'] ?? 0) + inWindow.length - members.length;
    const ordered = members.toSorted(
      (a, b) => a.body.beat_index - b.body.beat_index || a.message.sequence - b.message.sequence,
    );
    const agents = new Set(ordered.map(({ body }) => body.agent_id));
    const kpis = kpisOf(ordered, marker, promises);
    const silent = [...agentsBefore].filter((agent) => !agents.has(agent)).length;
    const { unmet, refused } = rotationsOf(messages, marker);
    const issues: [string, number][] = [
      ['stream_outage', marker.body.stream_outage === true ? 1 : 0],
      ['rotations_unmet', unmet],
      ['invalid_rotations', refused],
      ['missed_windows', marker.body.missed_windows],
      ['missed_beats', marker.body.missed_beats],
      ['broken_promises', kpis.broken],
      ['late_claims', late],
      ['silent_agents', silent],
      ...['malformed', 'schema', 'foreign_agent', 'unsigned', 'signature', 'ahead', 'flood'].map(
        (reason): [string, number] => [`invalid_claims_${reason}`, invalid[reason] ?? 0],
      ),
    ];
    reports.push({
      type: 'backbeat.barreport.v1',
      window_id: marker.body.window_id,
      from_beat: marker.body.from_beat,
      to_beat: marker.body.to_beat,
      agents_reporting: agents.size,
      on_time_reviews: kpis.onTime,
      help_promises_fulfilled: kpis.helped,
      secret_rotations_ok: unmet === 0,
      tempo_drift_ms: marker.body.tempo_drift_ms,
      issues: issues
        .filter(([, n]) => n > 0)
        .map(([category, n]) => ({ severity: 'info', category, count: n })),
    });
    const limit = horizon(marker, marker.message);
    aheadOnClosing = waiting.claims.filter(
      ({ body }) => body.beat_index > marker.body.to_beat && body.beat_index > limit,
    ).length;
    before = marker;
    agentsBefore = agents;
  }
  return reports;
}

/** A report without what the recomputation does not word: severities and sentences. */
export function bare(report: backbeat.BarReport): unknown {
  return { ...report, issues: report.issues.map(({ category, count }) => ({ category, count })) };
}

interface Marker {
  readonly before: Marker | undefined;
  readonly message: Judged;
  readonly body: backbeat.WindowClose;
}

function acceptedMarkers(messages: readonly Judged[]): Marker[] {
  const accepted: Marker[] = [];
  for (const message of messages) {
    if (!message.subject.includes('.close.')) continue;
    const body = readMarker(message);
    const last = accepted.at(-1);
    if (body === undefined || !isCredible(body, message, last)) continue;
    if (last === undefined || body.to_beat > last.body.to_beat)
      accepted.push({ message, body, before: last });
  }
  return accepted;
}

function readMarker({ subject, text }: Judged): backbeat.WindowClose | undefined {
  try {
    const body = backbeat.WindowClose.parse(JSON.parse(text));
    const beats = body.to_beat - body.from_beat + 1;
    const name = createHash('sha256').update(`${subject.split('.')[1]}\n${body.epoch}\n${body.from_beat}`);
    const id = name.digest('hex').slice(0, 32);
    const isOwn = subject.endsWith(`.${id}`) && body.window_id === id && Buffer.byteLength(text) <= 8_192;
    return isOwn && beats >= 1 && beats <= 10_000 ? body : undefined;
  } catch {
    return undefined;
  }
}

function readClaim(message: Judged): Claim | string | undefined {
  if (!message.subject.includes('.claim.')) return undefined;
  if (Buffer.byteLength(message.text) > backbeat.CLAIM_BYTES_MAX) return 'schema';
  let json: unknown;
  try {
    json = JSON.parse(message.text);
  } catch {
    return 'malformed';
  }
  const body = backbeat.StatusClaim.safeParse(json).data;
  if (body === undefined) return 'schema';
  if (!message.subject.endsWith(`.claim.${body.agent_id}`)) return 'foreign_agent';
  return message.verdict === 'believed' ? { message, body } : message.verdict;
}

/** Of each marker once: counted back through all before it, and twice at each, it would take for ever. */
const ends = new WeakMap<Marker, number>();

/** The end of a marker's window on the broker's clock: as it tells, but not later than the window before it allows. */
function endAt(marker: Marker): number {
  const known = ends.get(marker) ?? countEnd(marker);
  ends.set(marker, known);
  return known;
}

function countEnd({ message, body, before }: Marker): number {
  const told = message.storedAtMs - Math.min(body.elapsed_ms ?? 0, 4 * 3_600_000);
  if (before?.body.beat_ms === undefined || body.beat_ms === undefined) return told;
  const counted = endAt(before) + (body.to_beat - before.body.to_beat) * body.beat_ms * 1.001;
  return Math.max(Math.min(told, counted), Math.min(message.storedAtMs, soonestEnd(before, body.to_beat)));
}

/** When a window may have ended at the soonest: every bar since then a tenth faster than the one before it. */
function soonestEnd(since: Marker, to: number): number {
  const { beat_ms: beatMs = 0, from_beat: first, to_beat: last } = since.body;
  let at = endAt(since);
  let bpm = 60_000 / beatMs;
  for (let beat = last + 1; beat <= to; beat += 1) {
    if ((beat - last - 1) % (last - first + 1) === 0) {
      if (bpm >= 1_000) return at + (to - beat + 1) * 60;
      bpm = Math.max(bpm * 1.1, bpm + 0.1);
    }
    at += 60_000 / bpm;
  }
  return at;
}

/** By the broker's clock: the window is over, but for a beat, its tempo can be, and its beats fit into the life. */
function isCredible(body: backbeat.WindowClose, { storedAtMs }: Judged, last: Marker | undefined): boolean {
  if ((body.to_beat + 1) * 60 > storedAtMs - body.epoch + 3_600_000) return false;
  if (body.beat_ms !== undefined && (body.beat_ms < 60 / 1.01 || body.beat_ms > 606_000)) return false;
  const beatMs = last?.body.beat_ms;
  if (last === undefined || beatMs === undefined || body.to_beat <= last.body.to_beat) return true;
  if (body.beat_ms === undefined || body.elapsed_ms === undefined) return false;
  if (storedAtMs < soonestEnd(last, body.to_beat) - beatMs) return false;
  const passed = Math.max(body.to_beat - last.body.to_beat, (storedAtMs - endAt(last)) / beatMs);
  let [low, high] = [60_000 / beatMs, 60_000 / beatMs];
  for (let step = 0; step < Math.min(200, Math.ceil(passed) + 1); step += 1) {
    low = Math.min(low * 0.9, low - 0.1);
    high = Math.max(high * 1.1, high + 0.1);
  }
  const bpm = 60_000 / body.beat_ms;
  return bpm <= high * 1.01 && bpm * 1.01 >= low;
}

function horizon(marker: Marker | undefined, message: Judged): number {
  if (marker?.body.beat_ms === undefined) return Number.MAX_SAFE_INTEGER;
  const passed = Math.max(0, message.storedAtMs - endAt(marker)) / marker.body.beat_ms;
  return marker.body.to_beat + 2 + Math.floor(passed * 1.1 + TOLERANCE);
}

function isAhead(marker: Marker, message: Judged, beat: number): boolean {
  const { beat_ms: beatMs, to_beat: to } = marker.body;
  return (
    beatMs !== undefined && message.storedAtMs < endAt(marker) - (to + 1 - beat + 1 + TOLERANCE) * beatMs
  );
}

/** Claims that no window has taken when this sequence is reached, each once. */
function waitingAt(
  messages: readonly Judged[],
  markers: readonly Marker[],
  sequence: number,
): { claims: Claim[]; floods: Judged[] } {
  const claims = new Map<string, Claim>();
  const floods: Judged[] = [];
  for (const message of messages) {
    if (message.sequence >= sequence) break;
    const claim = readClaim(message);
    if (claim === undefined || typeof claim === 'string') continue;
    const closedThen = markers.filter((marker) => marker.message.sequence < message.sequence).at(-1);
    const beat = claim.body.beat_index;
    if (closedThen !== undefined && beat <= closedThen.body.to_beat) continue;
    if (beat > horizon(closedThen, message)) continue;
    const closedSince = markers.filter(
      (m) => m.message.sequence < sequence && m.message.sequence > message.sequence,
    );
    const isTaken = closedSince.some(
      (marker) => beat <= marker.body.to_beat || beat > horizon(marker, marker.message),
    );
    if (isTaken) continue;
    const key = `${claim.body.agent_id} ${beat} ${claim.body.hlc.toLowerCase()}`;
    if (claims.has(key)) continue;
    const sameBeat = [...claims.values()].filter(
      ({ body }) => body.agent_id === claim.body.agent_id && body.beat_index === beat,
    );
    if (sameBeat.length >= 16) floods.push(message);
    else claims.set(key, claim);
  }
  return { claims: [...claims.values()], floods };
}

function kpisOf(
  members: readonly Claim[],
  marker: Marker,
  promises: Map<string, { due: number; help: boolean }>,
) {
  const onTime = new Set<string>();
  const helped = new Set<string>();
  let broken = 0;
  for (const { message, body } of members) {
    const work = `${body.agent_id} ${body.task_id ?? ''}`;
    const isReviewed = body.state === 'completed' || (body.state === 'reviewing' && body.progress === 1);
    if (isReviewed && message.storedAtMs <= marker.message.storedAtMs - marker.body.grace_ms)
      onTime.add(work);
    for (const help of [true, false]) {
      const key = `${work} ${help}`;
      const promise = promises.get(key);
      if (body.state === 'completed' || body.state === 'failed') {
        if (promise === undefined) continue;
        promises.delete(key);
        if (body.state === 'failed' || body.beat_index > promise.due) broken += 1;
        else if (help) helped.add(work);
      } else if (
        body.state !== 'idle' &&
        (body.state === 'helping') === help &&
        body.beats_left !== undefined &&
        promise === undefined
      ) {
        promises.set(key, { due: body.beat_index + Math.min(64, body.beats_left), help });
      }
    }
  }
  for (const [key, { due }] of promises) {
    if (due > marker.body.to_beat) continue;
    promises.delete(key);
    broken += 1;
  }
  return { onTime: onTime.size, helped: helped.size, broken };
}

function rotationsOf(messages: readonly Judged[], marker: Marker): { unmet: number; refused: number } {
  const state = new Map<string, { beat: number; done: boolean }>();
  const closed: Marker[] = [];
  let refused = 0;
  const markers = markersUpTo(marker);
  const dropBeyond = (by: Marker) => {
    for (const [name, { beat }] of state) {
      if (beat - 1_000 <= horizon(by, by.message)) continue;
      state.delete(name);
      refused += 1;
    }
  };
  for (const message of messages) {
    if (message.sequence >= marker.message.sequence) break;
    const closing = markers.find((known) => known.message === message);
    if (closing !== undefined) {
      for (const [name, { beat }] of state) if (beat <= closing.body.to_beat) state.delete(name);
      dropBeyond(closing);
      closed.push(closing);
      refused = 0;
    }
    if (!message.subject.endsWith('.rotation')) continue;
    const body = readRotation(message);
    const known = body && state.get(body.name);
    if (body === undefined) refused += 1;
    else if (body.state !== 'required') {
      if (known !== undefined) state.set(body.name, { ...known, done: body.state === 'done' });
    } else if (body.beat_index - 1_000 > horizon(closed.at(-1), message)) refused += 1;
    else if (known === undefined && state.size >= 1_000) refused += 1;
    else if (known === undefined || known.done) state.set(body.name, { beat: body.beat_index, done: false });
  }
  const unmet = [...state.values()].filter(({ beat, done }) => beat <= marker.body.to_beat && !done).length;
  for (const [name, { beat }] of state) if (beat <= marker.body.to_beat) state.delete(name);
  dropBeyond(marker);
  return { unmet, refused };
}

function markersUpTo(marker: Marker): Marker[] {
  return marker.before === undefined ? [marker] : [...markersUpTo(marker.before), marker];
}

function readRotation({ text, verdict }: Judged): backbeat.Rotation | undefined {
  if (verdict !== 'believed') return undefined;
  try {
    return Buffer.byteLength(text) > 8_192 ? undefined : backbeat.Rotation.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Of a claim or rotation; markers are not signed. */
function verdictOf({ subject, text, key, signature }: RawMessage, rules: SignatureRules): Judged['verdict'] {
  const [, cluster = '', kind, agent = ''] = subject.split('.');
  if (rules.keys.length === 0 || kind === 'close') return 'believed';
  if (signature === undefined) return rules.required ? 'unsigned' : 'believed';
  const owner = kind === 'rotation' ? '@rotation' : agent;
  const known = rules.keys.find(({ name }) => name === key);
  const brought =
    known === undefined && kind === 'claim' ? vouchedKey(key ?? '', agent, cluster, rules.keys) : undefined;
  const publicKey = known?.owner === owner ? known?.publicKey : brought;
  if (publicKey === undefined) return 'signature';
  return verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64'))
    ? 'believed'
    : 'signature';
}
