import * as z from 'zod';
import { clusterCall, message } from './define.ts';

export const ClusterId = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,64}$/)
  .refine((id) => id !== 'v1', 'a cluster may not be called v1');
export const WindowId = z
  .string()
  .regex(/^[0-9a-fA-F]{32}$/)
  .describe('Names one bar: SHA-256 of cluster, epoch and first beat index, first 16 bytes');
export const Hlc = z.string().regex(/^[0-9a-fA-F]{4}:[0-9a-fA-F]{4}:[0-9a-fA-F]{4}$/);
/** The wire allows 2^63 - 1; a JavaScript number is exact to 2^53 - 1, and beyond that we refuse. */
export const BeatIndex = z.int().min(0).describe('Counts from the start of the cluster, exact to 2^53 - 1');
export const BackbeatAgentId = z.string().regex(/^[a-zA-Z0-9_:-]{1,128}$/);
export const BackbeatTaskId = z.string().regex(/^[a-zA-Z0-9_:.-]{1,128}$/);
export const TempoBpm = z.number().min(0.1).max(1000);

export const PHASES = ['planning', 'execution', 'review'] as const;
export type BeatPhase = (typeof PHASES)[number];
const PHASE_SYNONYMS = { plan: 'planning', execute: 'execution' } as const;
const PhaseRead = z
  .enum([...PHASES, 'plan', 'execute'])
  .transform((phase): BeatPhase =>
    phase in PHASE_SYNONYMS ? PHASE_SYNONYMS[phase as keyof typeof PHASE_SYNONYMS] : (phase as BeatPhase),
  );

export const FrameMetadata = z.looseObject({
  pulse_version: z.string().optional(),
  cluster_health: z.enum(['healthy', 'degraded']).optional(),
  expected_agents: z.int().min(0).optional(),
  epoch: z.int().min(0).optional().describe('Unix milliseconds of the first election of the cluster'),
  at: z.number().optional().describe('Grid time of the beat, Unix milliseconds, three decimals'),
  term: z.int().min(0).optional(),
  node: z.string().max(128).optional(),
  bar_length: z.int().min(1).max(10_000).optional(),
  missed_beats: z.int().min(0).optional(),
});

const frameShape = {
  type: z.literal('backbeat.beatframe.v1'),
  cluster_id: ClusterId,
  beat_index: BeatIndex,
  downbeat: z.boolean().describe('True on the first beat of a bar'),
  hlc: Hlc,
  deadline_at: z.iso.datetime({ offset: true }).describe('End of the phase that this beat belongs to'),
  tempo_bpm: TempoBpm,
  window_id: WindowId,
  metadata: FrameMetadata.optional(),
};
/** INT-A, as it is read: the documented synonyms of the phases are understood. */
export const BeatFrame = z.strictObject({ ...frameShape, phase: PhaseRead });
export type BeatFrame = z.infer<typeof BeatFrame>;

export const CLAIM_STATES = [
  'idle',
  'planning',
  'executing',
  'reviewing',
  'completed',
  'failed',
  'blocked',
  'helping',
] as const;
export type ClaimState = (typeof CLAIM_STATES)[number];
/** Spellings found in the field, and what they mean. */
export const CLAIM_STATE_SYNONYMS = { review: 'reviewing', done: 'completed', waiting: 'blocked' } as const;
const StateRead = z
  .enum([...CLAIM_STATES, 'review', 'done', 'waiting'])
  .transform((state): ClaimState =>
    state in CLAIM_STATE_SYNONYMS
      ? CLAIM_STATE_SYNONYMS[state as keyof typeof CLAIM_STATE_SYNONYMS]
      : (state as ClaimState),
  );

export const BEATS_LEFT_MAX = 1_000;
export const NOTES_CHARACTERS_MAX = 256;
export const DEPENDENCIES_MAX = 64;
/** A StatusClaim in bytes, `metadata` included. A larger one is refused by whoever sends it and not parsed by whoever hears it. */
export const CLAIM_BYTES_MAX = 32 * 1024;

const claimShape = {
  type: z.literal('backbeat.statusclaim.v1'),
  agent_id: BackbeatAgentId,
  task_id: BackbeatTaskId.optional(),
  beat_index: BeatIndex,
  beats_left: z
    .int()
    .min(0)
    .max(BEATS_LEFT_MAX)
    .optional()
    .describe('A promise: beats until the work is done'),
  progress: z.number().min(0).max(1).optional(),
  notes: z.string().max(NOTES_CHARACTERS_MAX).optional(),
  hlc: Hlc,
  resources: z
    .strictObject({
      cpu_percent: z.number().min(0).optional(),
      memory_mb: z.number().min(0).optional(),
      disk_io_ops: z.number().min(0).optional(),
      network_kb: z.number().min(0).optional(),
    })
    .optional(),
  dependencies: z.array(BackbeatTaskId).max(DEPENDENCIES_MAX).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
};
/** INT-B, as it is read: the documented synonyms of the states are understood. */
export const StatusClaim = z.strictObject({ ...claimShape, state: StateRead });
export type StatusClaim = z.infer<typeof StatusClaim>;

export const ReportIssue = z.strictObject({
  severity: z.enum(['info', 'warning', 'error']),
  category: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
  count: z.int().min(0),
  description: z.string().max(500).optional(),
});
export type ReportIssue = z.infer<typeof ReportIssue>;
export const REPORT_ISSUES_MAX = 100;

/** INT-C: what the agents claimed during one bar. */
export const BarReport = z.strictObject({
  type: z.literal('backbeat.barreport.v1'),
  window_id: WindowId,
  from_beat: BeatIndex,
  to_beat: BeatIndex.describe('Inclusive'),
  agents_reporting: z.int().min(0),
  on_time_reviews: z.int().min(0),
  help_promises_fulfilled: z.int().min(0),
  secret_rotations_ok: z.boolean(),
  tempo_drift_ms: z.number().describe('Mean of observed minus nominal beat time; positive is late'),
  issues: z.array(ReportIssue).max(REPORT_ISSUES_MAX).default([]),
});
export type BarReport = z.infer<typeof BarReport>;

export const Rotation = z.strictObject({
  type: z.literal('backbeat.rotation.v1'),
  name: z.string().regex(/^[a-zA-Z0-9_.:-]{1,128}$/),
  state: z.enum(['required', 'done', 'failed']),
  beat_index: BeatIndex,
  hlc: Hlc,
});
export type Rotation = z.infer<typeof Rotation>;

/** Closes a window: what lies before it in the claims stream is in the window, what lies behind is late. */
export const WindowClose = z.strictObject({
  type: z.literal('backbeat.windowclose.v1'),
  window_id: WindowId,
  epoch: z.int().min(0),
  from_beat: BeatIndex,
  to_beat: BeatIndex,
  reason: z.enum(['frame', 'grid']),
  missed_beats: z.int().min(0),
  missed_windows: z.int().min(0),
  tempo_drift_ms: z.number(),
  grace_ms: z.number().min(0),
  beat_ms: z.number().positive().optional().describe('Nominal length of a beat in this window'),
  elapsed_ms: z
    .number()
    .min(0)
    .optional()
    .describe(
      'From the end of the window to the publishing of this marker, on the monotonic clock of its writer',
    ),
  stream_outage: z.boolean().optional().describe('The claims stream was away when the window ended'),
});
export type WindowClose = z.infer<typeof WindowClose>;

export const beats = message(
  'backbeat.beatframe.v1',
  'backbeat.{cluster}.beat',
  BeatFrame,
  'One beat, from the pulse leader to all',
);
export const claims = message(
  'backbeat.statusclaim.v1',
  'backbeat.{cluster}.claim.{agent}',
  StatusClaim,
  'What one agent is doing, from that agent only',
);
export const reports = message(
  'backbeat.barreport.v1',
  'backbeat.{cluster}.report',
  BarReport,
  'One report per window, republished by the stream',
);
export const storedReports = message(
  'backbeat.barreport.v1',
  'backbeat.{cluster}.report.store.{window}',
  BarReport,
  'Where reverb stores a report; the first one wins',
);
export const rotations = message(
  'backbeat.rotation.v1',
  'backbeat.{cluster}.rotation',
  Rotation,
  'A secret must be, was, or could not be rotated',
);
export const windowCloses = message(
  'backbeat.windowclose.v1',
  'backbeat.{cluster}.close.{window}',
  WindowClose,
  'The marker that closes a window; the first one wins',
);

/** A node's name as one token of a subject: names may hold what a token may not. */
export function nodeToken(node: string): string {
  return node.replaceAll(/[^A-Za-z0-9_:-]/g, '_');
}

const BpmRange = z.object({ min_bpm: z.number(), max_bpm: z.number() });
/** A ramp from one end of the tempos to the other has fewer. */
export const RAMP_STEPS_MAX = 128;

export const PulseStatus = z.object({
  cluster: z.string(),
  node: z.string(),
  role: z.enum(['leader', 'follower', 'candidate', 'precandidate']),
  term: z.int().min(0),
  leader: z.string().nullable(),
  epoch: z.int().min(0).nullable(),
  beat_index: z.int().min(0).nullable(),
  phase: z.enum(PHASES).nullable(),
  downbeat: z.boolean().nullable(),
  tempo_bpm: z.number().nullable(),
  target_bpm: z.number().nullable(),
  ramp: z
    .object({
      target_bpm: z.number(),
      next_bpm: z.number(),
      at_beat: z.int().min(0),
      steps: z
        .array(z.object({ tempo_bpm: z.number(), at_beat: z.int().min(0) }))
        .max(RAMP_STEPS_MAX)
        .optional()
        .describe('What is still to come, one step a bar; the last is the target'),
    })
    .nullable(),
  tempo_range: BpmRange.nullable().optional().describe('What may follow on the present tempo at once'),
  ramp_range: BpmRange.nullable().optional().describe('What a ramp may lead to'),
  bar_length: z.int().min(1).nullable(),
  window_id: z.string().nullable(),
  hlc: z.string(),
  drift_ms: z.number().nullable(),
  jitter_ms: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
  degraded: z.boolean(),
  reason: z.string().nullable(),
  peers: z.array(
    z.object({ id: z.string(), address: z.string(), connected: z.boolean(), self: z.boolean() }),
  ),
  nats: z.array(z.object({ server: z.string(), connected: z.boolean() })),
  slo: z
    .record(z.string(), z.boolean())
    .optional()
    .describe('Objectives of the last five minutes, by the beats that this node sent'),
  uptime_seconds: z.number().min(0),
});
export type PulseStatus = z.infer<typeof PulseStatus>;

export const TempoChange = z.strictObject({
  tempo_bpm: TempoBpm,
  ramp: z.boolean().default(false),
  reason: z.string().max(500).optional(),
});
export const TempoAccepted = z.object({
  tempo_bpm: z.number(),
  target_bpm: z.number(),
  at_beat: z.int().min(0),
  at: z.iso.datetime({ offset: true }).describe('When it takes effect'),
  ramp: z.boolean(),
});

export const WindowSummary = z.object({
  window_id: WindowId,
  from_beat: BeatIndex,
  to_beat: BeatIndex,
  state: z.enum(['open', 'closed', 'reported']),
  agents_reporting: z.int().min(0),
  claims: z.int().min(0),
});
export const AgentInWindow = z.object({
  agent_id: BackbeatAgentId,
  claims: z.int().min(0),
  last_state: z.enum(CLAIM_STATES),
  last_beat: BeatIndex,
  task_id: z.string().nullable(),
});
export const WindowDetails = z.object({
  window: WindowSummary,
  report: BarReport.nullable(),
  details: z
    .array(AgentInWindow)
    .nullable()
    .describe('Per agent, for the open window and the last four; null for older ones'),
});
export type WindowSummary = z.infer<typeof WindowSummary>;
export type WindowDetails = z.infer<typeof WindowDetails>;

export const StoredReport = z.object({
  cluster_id: z.string(),
  report: BarReport,
  recorded_at: z.iso.datetime({ offset: true }),
});
export type StoredReport = z.infer<typeof StoredReport>;

export const ReverbStatus = z.object({
  cluster: z.string(),
  node: z.string(),
  beat_index: z.int().min(0).nullable(),
  open_window: WindowSummary.nullable(),
  claims_per_second: z.number().min(0),
  agents: z.int().min(0),
  invalid_by_reason: z.record(z.string(), z.int()),
  lag: z.int().min(0),
  last_report: BarReport.nullable(),
  database: z.enum(['connected', 'away', 'off']),
  slo: z.record(z.string(), z.boolean()).optional().describe('Objectives of the last five minutes'),
  uptime_seconds: z.number().min(0),
});
export type ReverbStatus = z.infer<typeof ReverbStatus>;

const Nothing = z.strictObject({});

export const setTempo = clusterCall('pulse', 'tempo.set', {
  request: TempoChange,
  reply: TempoAccepted,
  errors: ['conflict'],
  description: 'Changes the tempo at the next downbeat; at most 10 % at once, further with `ramp`',
});
export const cancelRamp = clusterCall('pulse', 'ramp.cancel', {
  request: Nothing,
  reply: z.object({ cancelled: z.boolean() }),
  errors: [],
  description: 'Stops a running ramp where it is',
});
export const getPulseStatus = clusterCall('pulse', 'status.get', {
  request: Nothing,
  reply: PulseStatus,
  errors: [],
  description: 'The status of whichever pulse answers',
});
export const listWindows = clusterCall('reverb', 'window.list', {
  request: z.strictObject({ limit: z.int().min(1).max(200).default(20) }),
  reply: z.object({ items: z.array(WindowSummary) }),
  errors: [],
  description: 'Open and recent windows, newest first',
});
export const getWindow = clusterCall('reverb', 'window.get', {
  request: z.strictObject({ window_id: WindowId }),
  reply: WindowDetails,
  errors: ['not_found'],
  description: 'One window, with details per agent while they are kept',
});
export const listReports = clusterCall('reverb', 'report.list', {
  request: z
    .strictObject({
      limit: z.int().min(1).max(200).default(50),
      before_beat: BeatIndex.optional(),
      before_epoch: z
        .int()
        .min(0)
        .optional()
        .describe(
          'The life of the cluster that `before_beat` is of, and only together with it; the newest when it is not given',
        ),
    })
    .refine(({ before_beat: beat, before_epoch: epoch }) => epoch === undefined || beat !== undefined, {
      path: ['before_epoch'],
      error: 'only together with before_beat',
    }),
  reply: z.object({
    items: z.array(StoredReport),
    next_before_beat: BeatIndex.nullable(),
    next_before_epoch: z
      .int()
      .min(0)
      .nullable()
      .optional()
      .describe('To be given back with `next_before_beat`: beats count anew in every life of a cluster'),
  }),
  errors: [],
  description: 'Reports, newest first',
});
export const getReverbStatus = clusterCall('reverb', 'reverb.status', {
  request: Nothing,
  reply: ReverbStatus,
  errors: [],
  description: 'The status of whichever reverb answers',
});
