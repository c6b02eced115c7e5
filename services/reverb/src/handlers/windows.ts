import { type backbeat, CallError } from '@whoosh/contracts';
import { type Log } from '@whoosh/telemetry';
import { type AgentDetail, rollUp } from '../domain/roll-up.ts';
import { PromiseLedger } from '../domain/promises.ts';
import { type RecentWindow } from '../domain/recent-windows.ts';
import { type Reverb } from '../reverb.ts';

/** Agents that the details of one window name. */
const DETAILS_MAX = 20_000;

interface OpenWindow {
  readonly summary: backbeat.WindowSummary;
  readonly agents: ReadonlyMap<string, AgentDetail>;
}

/** The window that is on, as far as its claims are read. */
export function openWindow({ session, options }: Reverb): OpenWindow | undefined {
  const window = options.listener.currentWindow();
  const book = session?.book;
  if (window === undefined || book === undefined) return undefined;
  const { closed } = book;
  if (closed !== undefined && closed.epoch === window.epoch && closed.to >= window.to) return undefined;
  const beats = book.pendingBeats
    .filter((beat) => beat >= window.from && beat <= window.to)
    .flatMap((beat) => {
      const bucket = book.bucket(beat);
      return bucket === undefined ? [] : [[beat, bucket] as const];
    });
  const sums = rollUp({
    beats,
    grid: undefined,
    onTimeUntilMs: 0,
    toBeat: window.to,
    promises: new PromiseLedger(),
  });
  const summary: backbeat.WindowSummary = {
    window_id: window.id,
    from_beat: window.from,
    to_beat: window.to,
    state: 'open',
    agents_reporting: sums.agents.size,
    claims: sums.claims,
  };
  return { summary, agents: sums.agents };
}

/** `backbeat.v1.call.window.list`: open and recent windows, newest first. */
export function listWindows(reverb: Reverb, limit: number): { items: backbeat.WindowSummary[] } {
  const open = openWindow(reverb);
  const items = [
    ...(open === undefined ? [] : [open.summary]),
    ...reverb.recent.all.map(({ summary }) => summary),
  ];
  return { items: items.slice(0, limit) };
}

/** `backbeat.v1.call.window.get`: one window; older ones from the database, else from the stream. */
export async function getWindow(reverb: Reverb, windowId: string): Promise<backbeat.WindowDetails> {
  const id = windowId.toLowerCase();
  const open = openWindow(reverb);
  if (open?.summary.window_id === id)
    return { window: open.summary, report: null, details: detailsOf(open.agents) };
  const recent = reverb.recent.get(id);
  if (recent !== undefined) return fromRecent(recent);
  const stored = await findReport(reverb, id);
  if (stored === undefined) throw new CallError('not_found', 'no such window');
  const { report } = stored;
  const window: backbeat.WindowSummary = {
    window_id: report.window_id,
    from_beat: report.from_beat,
    to_beat: report.to_beat,
    state: 'reported',
    agents_reporting: report.agents_reporting,
    claims: 0,
  };
  return { window, report, details: null };
}

function fromRecent({ summary, report, agents }: RecentWindow): backbeat.WindowDetails {
  return { window: summary, report, details: agents === undefined ? null : detailsOf(agents) };
}

function detailsOf(agents: ReadonlyMap<string, AgentDetail>): backbeat.WindowDetails['details'] {
  return [...agents].slice(0, DETAILS_MAX).map(([agent_id, { claims, lastState, lastBeat, task }]) => ({
    agent_id,
    claims,
    last_state: lastState,
    last_beat: lastBeat,
    task_id: task === '' ? null : task,
  }));
}

/** From the database while it is there, else from the stream. */
export async function fromStores<T>(
  reverb: Reverb,
  database: () => Promise<T> | undefined,
  stream: () => Promise<T>,
): Promise<T> {
  const log: Log = reverb.options.log;
  const asked = reverb.database === 'connected' ? database() : undefined;
  if (asked === undefined) return stream();
  try {
    return await asked;
  } catch (cause) {
    log.warn({ err: cause }, 'the database did not answer, the stream is asked');
    return stream();
  }
}

async function findReport(reverb: Reverb, id: string): Promise<backbeat.StoredReport | undefined> {
  const { store, clusterId } = reverb.options;
  const row = await fromStores(
    reverb,
    () => store?.reports.get(clusterId, id),
    () => reverb.stream.get(id),
  );
  // The projection may be a moment behind.
  return row ?? reverb.stream.get(id);
}
