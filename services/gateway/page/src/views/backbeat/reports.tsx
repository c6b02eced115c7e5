import { useCell } from '../../live/cell.ts';
import type { StoredReport, World } from '../../live/world.ts';
import { clock, plain, signed } from '../../live/words.ts';
import { Empty } from '../../parts/bits.tsx';
import { Plot, type Series } from '../../parts/plot.tsx';

const TABLE_ROWS = 16;

const AGENTS: readonly Series[] = [
  { label: 'agents reporting', colour: '--ink', of: ({ report }) => report.agents_reporting, stepped: true },
  {
    label: 'reviews on time',
    colour: '--execution',
    of: ({ report }) => report.on_time_reviews,
    stepped: true,
  },
  {
    label: 'help promises kept',
    colour: '--planning',
    of: ({ report }) => report.help_promises_fulfilled,
    stepped: true,
  },
];
const issuesOf =
  (severity: 'info' | 'warning' | 'error') =>
  ({ report }: StoredReport): number =>
    report.issues.reduce((sum, issue) => sum + (issue.severity === severity ? issue.count : 0), 0);
const ISSUES: readonly Series[] = [
  { label: 'errors', colour: '--bad', of: issuesOf('error'), stepped: true },
  { label: 'warnings', colour: '--wait', of: issuesOf('warning'), stepped: true },
  { label: 'infos', colour: '--busy', of: issuesOf('info'), stepped: true },
];
const DRIFT: readonly Series[] = [
  { label: 'late, ms', colour: '--pulse', of: ({ report }) => report.tempo_drift_ms, stepped: false },
];

export function Reports({ world }: { world: World }) {
  const reports = useCell(world.reports);
  if (reports.length === 0) {
    return (
      <Empty title="No BarReport yet">
        Reverb sums up every bar: the first report comes shortly after the first downbeat.
      </Empty>
    );
  }
  return (
    <>
      <section class="card whole">
        <h3>What the agents said, bar by bar</h3>
        <Plot reports={reports} series={AGENTS} height={200} />
      </section>
      <section class="card half">
        <h3>Issues by severity</h3>
        <Plot reports={reports} series={ISSUES} height={150} />
      </section>
      <section class="card half">
        <h3>Tempo drift, ms</h3>
        <Plot reports={reports} series={DRIFT} height={150} />
      </section>
      <section class="card whole bar-reports">
        <h3>BarReports</h3>
        <table>
          <thead>
            <tr>
              <th>Beats</th>
              <th>Agents</th>
              <th>On time</th>
              <th>Help</th>
              <th>Drift</th>
              <th>Issues</th>
              <th>Stored</th>
            </tr>
          </thead>
          <tbody>
            {reports
              .slice(-TABLE_ROWS)
              .toReversed()
              .map((one) => (
                <ReportRow key={one.report.window_id} one={one} />
              ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function ReportRow({ one: { report, recorded_at } }: { one: StoredReport }) {
  return (
    <tr>
      <td class="main" title={report.window_id}>
        {report.from_beat}–{report.to_beat}
      </td>
      <td data-label="Agents">{report.agents_reporting}</td>
      <td data-label="On time">{report.on_time_reviews}</td>
      <td data-label="Help">{report.help_promises_fulfilled}</td>
      <td data-label="Drift">{signed(report.tempo_drift_ms, 1)} ms</td>
      <td data-label="Issues" class="issues">
        {report.issues.length === 0 && <small>none</small>}
        {report.issues.slice(0, 5).map((issue, index) => (
          <span key={index} class={issue.severity} title={issue.description}>
            {plain(issue.category)} {issue.count}
          </span>
        ))}
        {!report.secret_rotations_ok && <span class="error">rotation missed</span>}
      </td>
      <td data-label="Stored">{clock(recorded_at)}</td>
    </tr>
  );
}
