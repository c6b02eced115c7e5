import { type backbeat } from '@whoosh/contracts';

/** When a pulse last answered, in RFC 3339, and what it said then. */
export interface Contact {
  readonly at: string;
  readonly status: backbeat.PulseStatus;
}

/** One round of asking: who answered now, and what is known of all that ever did. */
export interface PulseRound {
  readonly answered: ReadonlySet<string>;
  readonly contacts: ReadonlyMap<string, Contact>;
}

export interface PulseNode {
  readonly node: string;
  readonly address: string | null;
  readonly role: backbeat.PulseStatus['role'] | null;
  readonly term: number | null;
  readonly leads: boolean;
  readonly answers: boolean;
  readonly connected: boolean;
  readonly last_contact_at: string | null;
  readonly nats: backbeat.PulseStatus['nats'];
  readonly uptime_seconds: number | null;
}

export interface PulseView {
  readonly leader: string | null;
  readonly term: number | null;
  readonly tempo_bpm: number | null;
  readonly target_bpm: number | null;
  readonly ramp: backbeat.PulseStatus['ramp'];
  readonly tempo_range: { readonly min_bpm: number; readonly max_bpm: number } | null;
  readonly ramp_range: { readonly min_bpm: number; readonly max_bpm: number } | null;
  readonly drift_ms: number | null;
  readonly jitter_ms: backbeat.PulseStatus['jitter_ms'];
  readonly reason: string | null;
  readonly nodes: PulseNode[];
}

/**
 * The cluster as its nodes tell it, the newest term first and in it the leader: only a leader hears from everybody, and only
 * whoever sends the beats knows their jitter. Null when no node ever answered.
 */
export function pulseView({ answered, contacts }: PulseRound): PulseView | null {
  const told = [...contacts.values()].map(({ status }) => status);
  const present = told.filter(({ node }) => answered.has(node)).toSorted(byWord);
  const source = present[0] ?? told.toSorted(byWord)[0];
  if (source === undefined) return null;
  const isHeard = present.length > 0;
  const leader = isHeard ? source.leader : null;
  const names = [...new Set([...source.peers.map(({ id }) => id), ...answered])].toSorted();
  return {
    leader,
    term: source.term,
    tempo_bpm: source.tempo_bpm,
    target_bpm: source.target_bpm,
    ramp: source.ramp,
    tempo_range: source.tempo_range ?? null,
    ramp_range: source.ramp_range ?? null,
    drift_ms: isHeard ? source.drift_ms : null,
    jitter_ms: isHeard ? source.jitter_ms : null,
    reason: isHeard ? source.reason : 'no pulse answers',
    nodes: names.map((name) => nodeView(name, { source, leader, answered, contacts })),
  };
}

/** The objectives as the leader's beats kept them; a follower sends none and knows nothing of them. */
export function pulseSlo({ answered, contacts }: PulseRound): Record<string, boolean> {
  const leading = [...contacts.values()].find(
    ({ status }) => answered.has(status.node) && status.role === 'leader',
  );
  return leading?.status.slo ?? {};
}

function byWord(a: backbeat.PulseStatus, b: backbeat.PulseStatus): number {
  return b.term - a.term || Number(b.role === 'leader') - Number(a.role === 'leader');
}

interface Around extends PulseRound {
  readonly source: backbeat.PulseStatus;
  readonly leader: string | null;
}

function nodeView(name: string, { source, leader, answered, contacts }: Around): PulseNode {
  const contact = contacts.get(name);
  const peer = source.peers.find(({ id }) => id === name);
  const answers = answered.has(name);
  const now = answers ? contact?.status : undefined;
  return {
    node: name,
    address: peer?.address ?? null,
    role: now?.role ?? null,
    term: now?.term ?? null,
    leads: name === leader,
    answers,
    connected: answered.has(source.node) && (peer?.connected ?? false),
    last_contact_at: contact?.at ?? null,
    nats: now?.nats ?? [],
    uptime_seconds: now?.uptime_seconds ?? null,
  };
}
