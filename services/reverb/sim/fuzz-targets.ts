import { windowIdOf } from '@whoosh/backbeat-sdk/rules';
import { backbeat } from '@whoosh/contracts';
import { rotation, windowClose } from '@whoosh/contracts/testing';
import { type Random } from '@whoosh/stdx';
import { type FuzzTarget, mutateMessage } from '@whoosh/stdx/testing';
import { readClaim, readEntry } from '../src/claim-decoder.ts';
import { wrongFields } from '../src/wrong-fields.ts';

const AGENT = 'agent:7';
const HLC = '7ffd:0001:beef';
const EPOCH = 1_700_000_000_000;
const WINDOW = windowIdOf('c', EPOCH, 4);
const PLACE = { sequence: 1, storedAtMs: EPOCH };

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

/** The compiled reader against the definition: neither takes what the other refuses, but for agent and size; what is refused has a field to name. */
function claims(random: Random): boolean {
  const payload = mutateMessage(random, sampleClaim(random));
  const reading = readClaim(payload, AGENT);
  const text = new TextDecoder().decode(payload);
  if (!reading.ok) {
    if (reading.reason === 'schema' && wrongFields('claim', 'schema', payload) === '')
      throw new Error(`refused, but no field is named: ${text}`);
    return false;
  }
  const defined = backbeat.StatusClaim.safeParse(JSON.parse(text));
  if (!defined.success) throw new Error(`taken, but the definition refuses: ${text}`);
  const { claim } = reading;
  const isSame =
    claim.agent === AGENT && claim.beat === defined.data.beat_index && claim.state === defined.data.state;
  if (!isSame || payload.byteLength > backbeat.CLAIM_BYTES_MAX) throw new Error(`read otherwise: ${text}`);
  return true;
}

const ROTATION = rotation({ state: 'required' });
const MARKER = windowClose({ window_id: WINDOW, epoch: EPOCH, from_beat: 4 });

/** Any message of the claims stream: taken for what its subject says, or for nothing. */
function entries(random: Random): boolean {
  const [subject, sample] = random.pick([
    ['backbeat.c.rotation', ROTATION],
    [`backbeat.c.close.${WINDOW}`, MARKER],
    [`backbeat.c.close.${'f'.repeat(32)}`, MARKER],
    ['backbeat.c.strange', MARKER],
  ] as const);
  const payload = mutateMessage(random, sample);
  const entry = readEntry(subject, payload, PLACE);
  if (
    entry?.kind === 'broken' &&
    entry.reason === 'schema' &&
    wrongFields(entry.what, 'schema', payload) === ''
  )
    throw new Error(`refused, but no field is named: ${new TextDecoder().decode(payload)}`);
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
