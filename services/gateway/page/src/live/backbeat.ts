import type { backbeat } from '@whoosh/contracts';

type Pulse = backbeat.PulseStatus;

export interface PulseNode {
  readonly node: string;
  readonly address: string | null;
  readonly role: Pulse['role'] | null;
  readonly term: number | null;
  readonly leads: boolean;
  readonly answers: boolean;
  readonly connected: boolean;
  readonly last_contact_at: string | null;
  readonly nats: Pulse['nats'];
  readonly uptime_seconds: number | null;
}

export interface BpmRange {
  readonly min_bpm: number;
  readonly max_bpm: number;
}

export interface PulseCluster {
  readonly leader: string | null;
  readonly term: number | null;
  readonly tempo_bpm: number | null;
  readonly target_bpm: number | null;
  readonly ramp: Pulse['ramp'];
  readonly tempo_range: BpmRange | null;
  readonly ramp_range: BpmRange | null;
  readonly drift_ms: number | null;
  readonly jitter_ms: Pulse['jitter_ms'];
  readonly reason: string | null;
  readonly nodes: readonly PulseNode[];
}

export interface Operation {
  readonly id: string;
  readonly phase: string;
  readonly notes: string | null;
}

/** `GET /api/v1/backbeat/status`, as far as the page shows it. */
export interface BackbeatStatus {
  readonly enabled: boolean;
  readonly cluster_id: string;
  readonly measured_bpm: number | null;
  readonly active_operations: readonly Operation[];
  readonly pulse: PulseCluster | null;
  readonly reverb: {
    readonly node: string;
    readonly database: string;
    readonly agents: number;
    readonly claims_per_second: number;
    readonly lag: number;
  } | null;
  readonly slo: Readonly<Record<string, boolean>>;
}

/** What a change of tempo is answered with. */
export interface TempoAccepted {
  readonly tempo_bpm: number;
  readonly target_bpm: number;
  readonly at_beat: number;
  readonly at: string;
  readonly ramp: boolean;
}
