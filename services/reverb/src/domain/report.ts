import { backbeat } from '@whoosh/contracts';
import { INVALID_REASONS, type InvalidReason } from './entry.ts';
import { type RollUp } from './roll-up.ts';

export type InvalidCounts = Readonly<Partial<Record<InvalidReason, number>>>;

export interface ReportInput {
  readonly marker: backbeat.WindowClose;
  readonly rollUp: RollUp;
  readonly late: number;
  readonly invalid: InvalidCounts;
  readonly silent: number;
  readonly rotationsUnmet: number;
  readonly rotationsRefused: number;
}

/** The BarReport of a window. The same input gives the same bytes. */
export function assembleReport(input: ReportInput): backbeat.BarReport {
  const { marker, rollUp } = input;
  return {
    type: 'backbeat.barreport.v1',
    window_id: marker.window_id,
    from_beat: marker.from_beat,
    to_beat: marker.to_beat,
    agents_reporting: rollUp.agents.size,
    on_time_reviews: rollUp.onTimeReviews,
    help_promises_fulfilled: rollUp.helpKept,
    secret_rotations_ok: input.rotationsUnmet === 0,
    tempo_drift_ms: marker.tempo_drift_ms,
    issues: issuesOf(input).slice(0, backbeat.REPORT_ISSUES_MAX),
  };
}

function issuesOf({
  marker,
  rollUp,
  late,
  invalid,
  silent,
  rotationsUnmet,
  rotationsRefused,
}: ReportInput): backbeat.ReportIssue[] {
  const candidates: backbeat.ReportIssue[] = [
    issue(
      'error',
      'stream_outage',
      marker.stream_outage === true ? 1 : 0,
      'the claims stream was away when the window ended',
    ),
    issue('error', 'rotations_unmet', rotationsUnmet, 'required rotations that were not reported done'),
    issue('warning', 'invalid_rotations', rotationsRefused, 'rotations that were not read or not believed'),
    issue(
      'warning',
      'missed_windows',
      marker.missed_windows,
      'windows before this one without a frame or a claim',
    ),
    issue(
      'warning',
      'missed_beats',
      marker.missed_beats,
      'beats of the window, or the downbeat behind it, that were not heard live',
    ),
    issue('warning', 'broken_promises', rollUp.broken, 'promises that were not kept in time'),
    issue('warning', 'late_claims', late, 'claims stored after their window was closed'),
    issue('info', 'silent_agents', silent, 'agents of the window before that did not report'),
    ...INVALID_REASONS.map((reason) =>
      issue(
        'warning',
        `invalid_claims_${reason}`,
        (invalid[reason] ?? 0) + (reason === 'ahead' ? rollUp.ahead : 0),
        REASON_TEXTS[reason],
      ),
    ),
  ];
  return candidates.filter(({ count }) => count > 0);
}

const REASON_TEXTS: Readonly<Record<InvalidReason, string>> = {
  malformed: 'claims that are not JSON',
  schema: 'claims against the contract',
  foreign_agent: "claims on another agent's subject",
  unsigned: 'claims without a signature',
  signature: "claims whose signature is not the agent's",
  ahead: 'claims more than one beat ahead of the grid',
  flood: 'claims beyond what one agent may say in one beat',
};

function issue(
  severity: backbeat.ReportIssue['severity'],
  category: string,
  count: number,
  description: string,
): backbeat.ReportIssue {
  return { severity, category, count, description };
}
