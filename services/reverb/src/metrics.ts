import { Counter, Gauge, Histogram, type Registry } from '@whoosh/telemetry';
import { BROKEN_REASONS, type BrokenKind, INVALID_REASONS } from './domain/entry.ts';

export const SLOS = ['rollup', 'drift'] as const;
export type Slo = (typeof SLOS)[number];

/** Every metric reverb exports. Read this file to know what can be graphed or alerted on. */
export class ReverbMetrics {
  readonly agentsReporting: Gauge;
  readonly onTimeReviews: Gauge;
  readonly windowsCompleted: Counter;
  readonly windowProcessing: Histogram;
  readonly claimsProcessed: Counter;
  readonly claimsInvalid: Counter<'reason'>;
  readonly claimsLate: Counter;
  readonly messagesInvalid: Counter<'kind' | 'reason'>;
  readonly deadLetters: Counter<'result'>;
  readonly reportDelay: Histogram;
  readonly claimLag: Histogram;
  readonly streamLag: Gauge;
  readonly rebuilds: Counter;
  readonly sloMet: Gauge<'slo'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.agentsReporting = new Gauge({
      name: 'backbeat_reverb_agents_reporting',
      help: 'Agents with a valid claim in the last closed window.',
      registers,
    });
    this.onTimeReviews = new Gauge({
      name: 'backbeat_reverb_on_time_reviews',
      help: 'Reviews that were on time in the last closed window.',
      registers,
    });
    this.windowsCompleted = new Counter({
      name: 'backbeat_reverb_windows_completed_total',
      help: 'Windows whose report is stored.',
      registers,
    });
    this.windowProcessing = new Histogram({
      name: 'backbeat_reverb_window_processing_seconds',
      help: 'Time to sum one window up.',
      // Ten thousand agents take some milliseconds, a hundred thousand some tens.
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5],
      registers,
    });
    this.claimsProcessed = new Counter({
      name: 'backbeat_reverb_claims_processed_total',
      help: 'Claims read, valid or not.',
      registers,
    });
    this.claimsInvalid = new Counter({
      name: 'backbeat_reverb_claims_invalid_total',
      help: 'Claims that do not count, by reason.',
      labelNames: ['reason'],
      registers,
    });
    this.claimsLate = new Counter({
      name: 'backbeat_reverb_claims_late_total',
      help: 'Claims stored after their window was closed.',
      registers,
    });
    this.messagesInvalid = new Counter({
      name: 'backbeat_reverb_messages_invalid_total',
      help: 'Rotations, markers, checkpoints, beats and stored reports that were left aside, by kind and reason.',
      labelNames: ['kind', 'reason'],
      registers,
    });
    this.deadLetters = new Counter({
      name: 'backbeat_reverb_dead_letters_total',
      help: 'Bad input of the claims stream: kept as a dead letter, over the budget for it, or not kept.',
      labelNames: ['result'],
      registers,
    });
    this.reportDelay = new Histogram({
      name: 'backbeat_reverb_report_delay_seconds',
      help: 'From the downbeat that ends a window to its report in the stream.',
      // The grace alone is up to half a second; a beat at the default tempo is 30 s.
      buckets: [0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.6, 0.75, 1, 2, 5, 30],
      registers,
    });
    this.claimLag = new Histogram({
      name: 'backbeat_reverb_claim_lag_seconds',
      help: 'Age of a claim when it was counted, sampled; by the clocks of broker and reverb.',
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
      registers,
    });
    this.streamLag = new Gauge({
      name: 'backbeat_reverb_stream_lag_messages',
      help: 'Messages of the claims stream that were not read yet.',
      registers,
    });
    this.rebuilds = new Counter({
      name: 'backbeat_reverb_rebuilds_total',
      help: 'Times the windows were read again from a checkpoint.',
      registers,
    });
    this.sloMet = new Gauge({
      name: 'backbeat_slo_met',
      help: '1 when the objective was met over five minutes.',
      labelNames: ['slo'],
      registers,
    });
    // Start every series, so that the first event is a rise and not a series that appears.
    for (const reason of INVALID_REASONS) this.claimsInvalid.inc({ reason }, 0);
    for (const kind of Object.keys(BROKEN_REASONS) as BrokenKind[])
      for (const reason of BROKEN_REASONS[kind]) this.messagesInvalid.inc({ kind, reason }, 0);
    for (const result of ['kept', 'over_budget', 'failed']) this.deadLetters.inc({ result }, 0);
    for (const slo of SLOS) this.sloMet.set({ slo }, 1);
  }
}
