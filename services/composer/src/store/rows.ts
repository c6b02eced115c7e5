import { type DB } from '@whoosh/db';
import { type Insertable, type Selectable } from 'kysely';
import { SEAT_ORDER } from '../domain/compose.ts';
import { type Missing } from '../domain/decide.ts';
import { type TeamRole } from '../domain/match.ts';
import {
  type DeploymentStatus,
  type Member,
  type SeatStatus,
  type Team,
  type TeamStatus,
} from '../domain/team.ts';

export interface TeamRows {
  readonly team: Selectable<DB['teams']>;
  readonly roles: readonly Selectable<DB['team_roles']>[];
  readonly assignments: readonly Selectable<DB['team_assignments']>[];
}

export function fromRows({ team: row, roles, assignments }: TeamRows): Team {
  const missing = row.missing as unknown as Missing[];
  const status = row.status as TeamStatus;
  return {
    id: row.id,
    taskId: row.task_id,
    attempt: row.attempt,
    name: row.name,
    projectName: row.project_name,
    strategy: row.strategy as Team['strategy'],
    status,
    deploymentStatus: row.deployment_status as DeploymentStatus,
    confidence: row.confidence,
    classification: row.classification as unknown as Team['classification'],
    members: roles.toSorted(bySeat).map((role) => {
      const assignment = assignments.find((one) => one.team_role_id === role.id);
      return assignment ? filled(role, assignment) : empty(role, status, missing);
    }),
    missing,
    reason: row.reason,
    revision: row.revision,
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
  };
}

function bySeat(a: { role: string }, b: { role: string }): number {
  return SEAT_ORDER.indexOf(a.role as TeamRole) - SEAT_ORDER.indexOf(b.role as TeamRole);
}

function filled(role: Selectable<DB['team_roles']>, row: Selectable<DB['team_assignments']>): Member {
  return {
    id: role.id,
    role: role.role as TeamRole,
    requiredSkills: role.required_skills as string[],
    agentId: row.agent_id,
    score: row.score,
    reasons: row.reasons as string[],
    status: row.status as SeatStatus,
    deploymentId: row.deployment_id,
    deploymentStatus: row.deployment_status,
    assignedAt: row.assigned_at.getTime(),
  };
}

/** A seat that nobody has; why stands with what the team misses. */
function empty(role: Selectable<DB['team_roles']>, status: TeamStatus, missing: readonly Missing[]): Member {
  const why = missing.find((one) => one.role === role.role)?.reason;
  return {
    id: role.id,
    role: role.role as TeamRole,
    requiredSkills: role.required_skills as string[],
    agentId: null,
    score: null,
    reasons: why === undefined ? [] : [why],
    status: status === 'waiting' ? 'assigned' : 'released',
    deploymentId: null,
    deploymentStatus: null,
    assignedAt: null,
  };
}

export function teamRow(team: Team): Insertable<DB['teams']> {
  return {
    id: team.id,
    task_id: team.taskId,
    attempt: team.attempt,
    name: team.name,
    project_name: team.projectName,
    strategy: team.strategy,
    status: team.status,
    deployment_status: team.deploymentStatus,
    confidence: team.confidence,
    classification: json(team.classification),
    missing: json(team.missing),
    reason: team.reason,
    revision: team.revision,
    created_at: new Date(team.createdAt),
    updated_at: new Date(team.updatedAt),
  };
}

export function roleRow(teamId: string, member: Member): Insertable<DB['team_roles']> {
  return { id: member.id, team_id: teamId, role: member.role, required_skills: json(member.requiredSkills) };
}

/** The row of a seat that somebody has. Its id is the seat's: one assignment per seat. */
export function assignmentRow(
  teamId: string,
  member: Member,
  agentId: string,
): Insertable<DB['team_assignments']> {
  return {
    id: member.id,
    team_id: teamId,
    team_role_id: member.id,
    agent_id: agentId,
    score: member.score ?? 0,
    reasons: json(member.reasons),
    deployment_id: member.deploymentId,
    deployment_status: member.deploymentStatus,
    status: member.status,
    assigned_at: new Date(member.assignedAt ?? 0),
  };
}

/** As text: the driver would write a list as a PostgreSQL array. */
export function json(value: unknown): string {
  return JSON.stringify(value);
}
