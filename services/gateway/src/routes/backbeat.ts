import * as z from 'zod';
import { backbeat } from '@whoosh/contracts';
import { callRoute, ownRoute, type Route } from './route.ts';

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
      handle: async (_request, desk) => Promise.resolve(desk.beats.status()),
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
];
