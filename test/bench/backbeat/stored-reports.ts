import { type Bus } from '@whoosh/bus';
import { backbeat, STREAMS } from '@whoosh/contracts';
import { bare, type Recomputed } from '@whoosh/testkit/recomputation';

const NAME = STREAMS.BACKBEAT_REPORTS.name;
const PROMISES_HEADER = 'Backbeat-Open-Promises';

/** The reports that the stream holds, in its order, with what their headers say. */
export async function storedReports({ jsm }: Bus): Promise<Recomputed[]> {
  const { state } = await jsm.streams.info(NAME);
  const reports: Recomputed[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await jsm.streams.getMessage(NAME, { seq });
    if (message === null) continue;
    const header = message.header.get(PROMISES_HEADER);
    const { count } = JSON.parse(header === '' ? '{"count":0}' : header) as { count: number };
    reports.push({ report: bare(backbeat.BarReport.parse(message.json())), openPromises: count });
  }
  return reports;
}

/** What is different between a stored report and the recomputed one; undefined when nothing is. */
export function differenceOf(stored: Recomputed, recomputed: Recomputed | undefined): string | undefined {
  if (recomputed === undefined) return 'the recomputation has no such window';
  const [ours, theirs] = [wordsOf(stored), wordsOf(recomputed)];
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  const different = [...names].filter((name) => ours[name] !== theirs[name]);
  if (different.length === 0) return undefined;
  return different
    .map((name) => `${name} ${String(ours[name] ?? 'none')} where it has ${String(theirs[name] ?? 'none')}`)
    .join(', ');
}

function wordsOf({
  report: { issues, ...report },
  openPromises,
}: Recomputed): Record<string, string | number | boolean> {
  const counts = issues.map(({ category, count }) => [category, count] as const);
  return { ...report, ...Object.fromEntries(counts), open_promises: openPromises };
}
