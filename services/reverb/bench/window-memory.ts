/**
 * What the claims of one window cost reverb in memory, measured in a process of its own (`node --expose-gc`): claims as bytes
 * through decoder and book, collected before each look. `--agents N`, one claim per agent and beat, four beats. Prints one line.
 */
import { parseArgs } from 'node:util';
import { windowIdOf } from '@whoosh/backbeat-sdk/rules';
import { readEntry } from '../src/claim-decoder.ts';
import { RecentWindows } from '../src/domain/recent-windows.ts';
import { WindowBook } from '../src/domain/window-book.ts';

const { values } = parseArgs({ options: { agents: { type: 'string', default: '10000' } } });
const agents = Number(values.agents);
const BEATS = 4;
const BEAT_MS = 500;
/** Enough for every table to have its size, and for the finished windows that are kept to be full. */
const WINDOWS = 12;
const EPOCH = 1_700_000_000_000;

const collect = globalThis.gc;
if (collect === undefined) throw new Error('needs --expose-gc');

const encoder = new TextEncoder();
const book = new WindowBook();
const recent = new RecentWindows();
let sequence = 0;

function used(): number {
  // Twice: what the first one finds unreachable may hold more.
  for (let i = 0; i < 2; i += 1) collect?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function take(subject: string, body: object, storedAtMs: number): void {
  sequence += 1;
  const entry = readEntry(subject, encoder.encode(JSON.stringify(body)), { sequence, storedAtMs });
  if (entry === undefined) throw new Error(`${subject} was not read`);
  const applied = book.apply(entry);
  if (applied.kind === 'closed') recent.add(applied.window, storedAtMs);
  else if (applied.kind !== 'added') throw new Error(`a claim was ${applied.kind}`);
}

/** A task of seven beats with a promise, ended in the eighth; agents are at different places of theirs. */
function claimOf(agent: number, beat: number): object {
  const id = `sim-${String(agent + 1).padStart(5, '0')}`;
  const life = beat + agent;
  const position = life % 8;
  const task_id = `${id}.task-${Math.floor(life / 8)}`;
  const hlc = [Math.floor(beat / 8), (beat % 8) * 0x1000 + (agent % 0x1000), agent % 0x10000]
    .map((part) => part.toString(16).padStart(4, '0'))
    .join(':');
  const said = { type: 'backbeat.statusclaim.v1', agent_id: id, beat_index: beat, hlc, task_id };
  if (position === 7) return { ...said, state: 'completed' };
  return { ...said, state: 'executing', beats_left: 7 - position, progress: position / 8 };
}

function playClaims(from: number): void {
  for (let beat = from; beat < from + BEATS; beat += 1) {
    for (let agent = 0; agent < agents; agent += 1) {
      const body = claimOf(agent, beat);
      const { agent_id } = body as { agent_id: string };
      take(`backbeat.bench.claim.${agent_id}`, body, EPOCH + beat * BEAT_MS + 1);
    }
  }
}

function close(from: number): void {
  const window_id = windowIdOf('bench', EPOCH, from);
  take(
    `backbeat.bench.close.${window_id}`,
    {
      type: 'backbeat.windowclose.v1',
      window_id,
      epoch: EPOCH,
      from_beat: from,
      to_beat: from + BEATS - 1,
      reason: 'frame',
      missed_beats: 0,
      missed_windows: 0,
      tempo_drift_ms: 0,
      grace_ms: 125,
      beat_ms: BEAT_MS,
      elapsed_ms: 125,
    },
    EPOCH + (from + BEATS) * BEAT_MS + 125,
  );
}

const empty = used();
const open: number[] = [];
let rest = empty;
for (let window = 0; window < WINDOWS; window += 1) {
  const before = used();
  playClaims(window * BEATS);
  open.push(used() - before);
  close(window * BEATS);
  rest = used();
}
const perAgent = (bytes: number): number => Math.round(bytes / agents);
const settled = open.slice(WINDOWS / 2);
const line = JSON.stringify({
  agents,
  claims: agents * BEATS,
  // The largest of the settled ones.
  openBytesPerAgent: perAgent(Math.max(...settled)),
  // Promises, who reported last, and the details of the finished windows that are kept.
  restBytesPerAgent: perAgent(rest - empty),
});
process.stdout.write(`${line}\n`);
