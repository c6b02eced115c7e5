/** A team as the rules see it: times as milliseconds, one seat per role. */
import { type teams } from '@whoosh/contracts';
import { type Instant } from '@whoosh/stdx';
import { type Missing } from './decide.ts';
import { type Decision, type TeamRole } from './match.ts';

export type TeamStatus = (typeof teams.TEAM_STATUSES)[number];
export type DeploymentStatus = (typeof teams.DEPLOYMENT_STATUSES)[number];
export type SeatStatus = 'assigned' | 'joined' | 'working' | 'released';

export interface Member {
  /** Of the seat. */
  readonly id: string;
  readonly role: TeamRole;
  readonly requiredSkills: readonly string[];
  /** Who sits there; null while nobody suitable is known. */
  readonly agentId: string | null;
  readonly score: number | null;
  readonly reasons: readonly string[];
  readonly status: SeatStatus;
  readonly deploymentId: string | null;
  readonly deploymentStatus: string | null;
  readonly assignedAt: Instant | null;
}

export interface Team {
  readonly id: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly name: string;
  readonly projectName: string | null;
  readonly strategy: Decision['team']['strategy'];
  readonly status: TeamStatus;
  readonly deploymentStatus: DeploymentStatus;
  readonly confidence: number;
  readonly classification: Decision['analysis']['classification'];
  readonly members: readonly Member[];
  readonly missing: readonly Missing[];
  readonly reason: string | null;
  readonly revision: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
}

export function isEnded(status: TeamStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Before that its end is a cancellation, afterwards what it did counts. */
export function isAtWork(status: TeamStatus): boolean {
  return status === 'deployed' || status === 'working';
}
