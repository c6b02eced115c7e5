import * as z from 'zod';
import { backbeat } from '@whoosh/contracts';
import { callRoute, ownRoute, type Route } from './route.ts';

const { ramp, tempo_range: range, jitter_ms: jitter, nats, role } = backbeat.PulseStatus.shape;

/** Every pulse of the cluster, by what each says of itself and the leader of the others. */
const PulseCluster = z.object({
  leader: z.string().nullable().describe('Null without a quorum'),
  term: z.int().nullable(),
  tempo_bpm: z.number().nullable(),
  target_bpm: z.number().nullable(),
  ramp,
  tempo_range: range.unwrap(),
  ramp_range: range.unwrap(),
  drift_ms: z.number().nullable(),
  jitter_ms: jitter,
  reason: z.string().nullable().describe('Why it is degraded'),
  nodes: z.array(
    z.object({
      node: z.string(),
      address: z.string().nullable(),
      role: role.nullable().describe('Null while it does not answer'),
      term: z.int().nullable(),
      leads: z.boolean(),
      answers: z.boolean().describe('Whether it answered the gateway just now'),
      connected: z.boolean().describe('Whether the leader hears from it'),
      last_contact_at: z.iso.datetime().nullable().describe('When it last answered'),
      nats,
      uptime_seconds: z.number().nullable(),
    }),
  ),
});

/** BACKBEAT as this gateway hears it. */
export const BackbeatStatus = z.object({
  enabled: z.boolean(),
  connected: z.boolean().describe('Whether beats arrive'),
  cluster_id: z.string(),
  beat_index: z.int().nullable(),
  window_id: z.string().nullable(),
  target_bpm: z.number().nullable(),
  measured_bpm: z.number().nullable().describe('From the arrivals of the last beats'),
  tempo_drift_ms: z.number().nullable().describe('Observed minus nominal beat time; positive is late'),
  reconnections: z.int().min(0),
  active_operations: z
    .array(
      z.object({
        id: z.string(),
        phase: z.string(),
        beat_index: z.int(),
        beats_left: z.int().nullable(),
        notes: z.string().nullable(),
      }),
    )
    .describe('What WHOOSH itself is at, from its own StatusClaims'),
  leader: z.string().nullable(),
  phase: z.enum(backbeat.PHASES).nullable(),
  downbeat: z.boolean().nullable(),
  bar_length: z.int().nullable(),
  degraded: z.boolean(),
  pulse: PulseCluster.nullable().describe('As the pulses themselves say it; null when none ever answered'),
  reverb: backbeat.ReverbStatus.pick({
    node: true,
    database: true,
    agents: true,
    claims_per_second: true,
    lag: true,
  })
    .nullable()
    .describe('Null while none answers'),
  slo: z
    .record(z.string(), z.boolean())
    .describe('Objectives of the last five minutes, from pulse and reverb: true is met'),
});
export type BackbeatStatus = z.infer<typeof BackbeatStatus>;

export const BACKBEAT_ROUTES: readonly Route[] = [
  ownRoute(
    {
      method: 'get',
      path: '/api/v1/backbeat/status',
      who: 'any',
      tag: 'backbeat',
      operation: 'getBackbeatStatus',
      message: 'BACKBEAT',
    },
    {
      description: 'The beat as the gateway hears it, and what WHOOSH itself is at',
      request: z.strictObject({}),
      reply: BackbeatStatus,
      handle: async (_request, desk) => {
        const { pulse, reverb, slo } = await desk.pulses.look();
        const heard = desk.beats.status();
        return { ...heard, leader: pulse?.leader ?? heard.leader, pulse, reverb, slo };
      },
    },
  ),
  callRoute(
    {
      method: 'get',
      path: '/api/v1/backbeat/reports',
      who: 'any',
      tag: 'backbeat',
      operation: 'listReports',
      message: 'BarReports',
    },
    backbeat.listReports,
  ),
  callRoute(
    {
      method: 'post',
      path: '/api/v1/backbeat/tempo',
      who: 'admin',
      tag: 'backbeat',
      operation: 'setTempo',
      status: 202,
      message: 'The tempo changes at the next downbeat',
      examples: {
        request: { tempo_bpm: 132, ramp: false, reason: 'more agents have joined' },
        reply: {
          tempo_bpm: 132,
          target_bpm: 132,
          at_beat: 4_812,
          at: '2026-03-01T09:30:02.417Z',
          ramp: false,
        },
        refusals: {
          conflict: {
            error: 'from 120 BPM the tempo may go to 108 … 132 BPM',
            details: { tempo_bpm: 120, min_bpm: 108, max_bpm: 132 },
          },
          unavailable: { error: 'the cluster has no leader' },
        },
      },
    },
    backbeat.setTempo,
  ),
  callRoute(
    {
      method: 'delete',
      path: '/api/v1/backbeat/ramp',
      who: 'admin',
      tag: 'backbeat',
      operation: 'cancelRamp',
      message: 'The ramp ends where it is',
      examples: {
        reply: { cancelled: true },
        refusals: { unavailable: { error: 'the cluster has no leader' } },
      },
    },
    backbeat.cancelRamp,
  ),
];
