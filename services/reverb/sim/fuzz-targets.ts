import { windowIdOf } from '@whoosh/backbeat-sdk/rules';
import { backbeat } from '@whoosh/contracts';
import { type Random } from '@whoosh/stdx';
import { type FuzzTarget, mutateMessage } from '@whoosh/stdx/testing';
import { readClaim, readEntry } from '../src/claim-decoder.ts';

const AGENT = 'agent:7';
const HLC = '7ffd:0001:beef';
const WINDOW = windowIdOf('c', 1_700_000_000_000, 4);
const PLACE = { sequence: 1, storedAtMs: 1_700_000_000_000 };

function sampleClaim(random: Random): Record<string, unknown> {
  return {
    type: 'backbeat.statusclaim.v1',
    agent_id: AGENT,
    task_id: 'task:1',
    beat_index: random.int(0, 9),
    state: random.pick([...backbeat.CLAIM_STATES, 'review', 'done', 'waiting']),
    beats_left: 3,
    progress: 0.5,
    notes: 'fetching inputs',
    hlc: HLC,
    resources: { cpu_percent: 3, memory_mb: 12.5 },
    dependencies: ['a', 'b'],
    metadata: { any: { thing: [1, 2] } },
  };
}

/** The compiled reader against the definition: neither takes what the other refuses, but for agent and size. */
function claims(random: Random): boolean {
  const payload = mutateMessage(random, sampleClaim(random));
  const reading = readClaim(payload, AGENT);
  const text = new TextDecoder().decode(payload);
  if (!reading.ok) return false;
  const defined = backbeat.StatusClaim.safeParse(JSON.parse(text));
  if (!defined.success) throw new Error(`taken, but the definition refuses: ${text}`);
  const { claim } = reading;
  const isSame =
    claim.agent === AGENT && claim.beat === defined.data.beat_index && claim.state === defined.data.state;
  if (!isSame || payload.byteLength > backbeat.CLAIM_BYTES_MAX) throw new Error(`read otherwise: ${text}`);
  return true;
}

const ROTATION = { type: 'backbeat.rotation.v1', name: 'db', state: 'required', beat_index: 5, hlc: HLC };
const MARKER = {
  type: 'backbeat.windowclose.v1',
  window_id: WINDOW,
  epoch: 1_700_000_000_000,
  from_beat: 4,
  to_beat: 7,
  reason: 'frame',
  missed_beats: 0,
  missed_windows: 0,
  tempo_drift_ms: 0.5,
  grace_ms: 125,
};

/** Any message of the claims stream: taken for what its subject says, or for nothing. */
function entries(random: Random): boolean {
  const [subject, sample] = random.pick([
    ['backbeat.c.rotation', ROTATION],
    [`backbeat.c.close.${WINDOW}`, MARKER],
    [`backbeat.c.close.${'f'.repeat(32)}`, MARKER],
    ['backbeat.c.strange', MARKER],
  ] as const);
  const entry = readEntry(subject, mutateMessage(random, sample), PLACE);
  if (entry?.kind !== 'marker' && entry?.kind !== 'rotation') return false;
  if (entry.kind !== subject.split('.')[2]?.replace('close', 'marker'))
    throw new Error(`${subject} became a ${entry.kind}`);
  if (entry.kind === 'marker' && !subject.endsWith(entry.marker.window_id)) {
    throw new Error(`a marker of another window is taken under ${subject}`);
  }
  return true;
}

export const TARGETS: Readonly<Record<string, () => FuzzTarget>> = {
  claims: () => claims,
  'rotations and markers': () => entries,
};
