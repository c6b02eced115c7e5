/** Finds the first BarReport of a window in which given agents reported, by asking reverb itself. */

const timeoutMs = 5_000;
/** Details per agent are kept for the open window and the last four. */
const windowsRead = 6;

interface WindowSummary {
  readonly window_id: string;
  readonly from_beat: number;
  readonly state: string;
}

export interface BarReport {
  readonly window_id: string;
  readonly from_beat: number;
  readonly to_beat: number;
  readonly agents_reporting: number;
}

interface WindowDetails {
  readonly report: BarReport | null;
  readonly details: readonly { readonly agent_id: string }[] | null;
}

/** Undefined while there is none; of several the earliest. */
export async function reportWithAgents(
  reverb: string,
  agents: readonly string[],
): Promise<BarReport | undefined> {
  if (agents.length === 0) return undefined;
  const { items } = await read<{ items: readonly WindowSummary[] }>(
    `${reverb}/api/v1/windows?limit=${windowsRead}`,
  );
  for (const { window_id, state } of items.toSorted((a, b) => a.from_beat - b.from_beat)) {
    if (state !== 'reported') continue;
    const { report, details } = await read<WindowDetails>(`${reverb}/api/v1/windows/${window_id}`);
    const reporters = new Set(details?.map(({ agent_id }) => agent_id));
    if (report !== null && agents.every((agent) => reporters.has(agent))) return report;
  }
  return undefined;
}

async function read<T>(url: string): Promise<T> {
  const reply = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!reply.ok) throw new Error(`GET ${url} answered ${reply.status}`);
  return (await reply.json()) as T;
}
