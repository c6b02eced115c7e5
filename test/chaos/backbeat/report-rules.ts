/** What must hold of the reports, judged from what the stream holds, what subscribers heard, and the frames of the wire. */
import { backbeat } from '@whoosh/contracts';
import { windowIdOf, type SentFrame } from './wire-rules.ts';

export interface StoredReport {
  readonly subject: string;
  readonly text: string;
}

export interface HeardReport {
  /** Which connection heard it. */
  readonly listener: number;
  readonly text: string;
}

export interface ReportRecord {
  readonly cluster: string;
  readonly stored: readonly StoredReport[];
  readonly heard: readonly HeardReport[];
  /** What the wire's judge accepted, in order. */
  readonly frames: readonly SentFrame[];
  readonly agentsMax: number;
}

/** Everything that is wrong, in words. */
export function judgeReports({ cluster, stored, heard, frames, agentsMax }: ReportRecord): readonly string[] {
  const [first] = frames;
  if (first === undefined) return ['no frame was heard'];
  const { epoch, bar_length: bar } = first.metadata;
  const violations: string[] = [];
  const reports = new Map<number, backbeat.BarReport>();
  for (const { subject, text } of stored) {
    const report = reportOf(text);
    if (report === undefined) {
      violations.push(`not a report: ${text.slice(0, 200)}`);
      continue;
    }
    const { from_beat: from, to_beat: to, window_id: id } = report;
    if (reports.has(from)) violations.push(`the window from beat ${from} has two reports`);
    reports.set(from, report);
    const isItsOwn = subject.endsWith(`.${id}`) && id === windowIdOf(cluster, epoch, from);
    if (!isItsOwn || from % bar !== 0 || to !== from + bar - 1) {
      violations.push(`a report of beats ${from} to ${to} stands under ${subject}`);
    }
    if (report.agents_reporting > agentsMax) violations.push(`${report.agents_reporting} agents in ${from}`);
  }
  violations.push(...lost(reports, frames, bar), ...uncounted(reports, bar), ...doubled(heard, reports, bar));
  return violations;
}

function reportOf(text: string): backbeat.BarReport | undefined {
  try {
    return backbeat.BarReport.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Every window with a frame has its report, up to the newest report there is. */
function* lost(
  reports: ReadonlyMap<number, unknown>,
  frames: readonly SentFrame[],
  bar: number,
): Generator<string> {
  const newest = Math.max(-1, ...reports.keys());
  const windows = new Set(frames.map(({ beat_index: index }) => index - (index % bar)));
  // A report of the window that was under way when reverb started may be anybody's; from the next one on all are due.
  const oldest = Math.min(...windows) + bar;
  for (const from of windows) {
    if (from >= oldest && from <= newest && !reports.has(from))
      yield `the window from beat ${from} has no report`;
  }
  if (newest < oldest) yield 'there are no reports';
}

/** A window without any report was empty, and the next report counts it. */
function* uncounted(reports: ReadonlyMap<number, backbeat.BarReport>, bar: number): Generator<string> {
  const order = [...reports.keys()].toSorted((a, b) => a - b);
  for (const [at, from] of order.entries()) {
    const before = order[at - 1];
    if (before === undefined) continue;
    const missing = (from - before) / bar - 1;
    const named = reports.get(from)?.issues.find(({ category }) => category === 'missed_windows')?.count ?? 0;
    if (missing !== named)
      yield `before the window from ${from} ${missing} have no report, it names ${named}`;
  }
}

/** No subscriber hears a window twice, and what it hears is what is stored. */
function* doubled(
  heard: readonly HeardReport[],
  reports: ReadonlyMap<number, backbeat.BarReport>,
  bar: number,
): Generator<string> {
  const seen = new Set<string>();
  for (const { listener, text } of heard) {
    const report = reportOf(text);
    if (report === undefined) {
      yield `listener ${listener} hears no report: ${text.slice(0, 200)}`;
      continue;
    }
    const key = `${listener}/${report.from_beat}`;
    if (seen.has(key)) yield `listener ${listener} hears the report of beat ${report.from_beat} twice`;
    seen.add(key);
    const known = reports.get(report.from_beat - (report.from_beat % bar));
    if (known !== undefined && JSON.stringify(known) !== JSON.stringify(report)) {
      yield `listener ${listener} hears another report of beat ${report.from_beat} than is stored`;
    }
  }
}
