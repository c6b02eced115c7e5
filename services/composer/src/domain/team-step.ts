import { type ErrorCode } from '@whoosh/contracts';
import { assert, type Instant, unreachable } from '@whoosh/stdx';
import { type DeploymentStatus, isAtWork, isEnded, type Member, type Team, type TeamStatus } from './team.ts';
import { type Composed, type TeamInput, type TeamInputOf } from './team-input.ts';

/** The last token of the event that tells of a change. */
export type Happened =
  | 'composed'
  | 'waiting'
  | 'changed'
  | 'joined'
  | 'deployed'
  | 'working'
  | 'completed'
  | 'failed'
  | 'cancelled';

/** One change with the whole team after it: one event, one revision. */
export interface Change {
  readonly happened: Happened;
  readonly from: TeamStatus;
  readonly reason: string;
  readonly team: Team;
}

export type Outcome =
  | { readonly kind: 'done'; readonly changes: readonly Change[] }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly message: string };

const nothing: Outcome = { kind: 'done', changes: [] };

/** The life of a team: what an input changes and which events tell of it. The first input of a life is `compose`. */
export function step(team: Team | undefined, input: TeamInput): Outcome {
  if (input.kind === 'compose') return team === undefined ? done(composed(begun(input), input)) : nothing;
  assert(team !== undefined, 'a team is composed before anything else happens to it');
  switch (input.kind) {
    case 'recompose':
      return recompose(team, input);
    case 'deployment':
      return followDeployment(team, input);
    case 'agent_working':
      return agentWorks(team, input);
    case 'close':
      return close(team, input);
    case 'withdraw':
      return withdraw(team, input);
    case 'set_status':
      return setStatus(team, input);
    default:
      return unreachable(input);
  }
}

export function after(team: Team | undefined, outcome: Outcome): Team | undefined {
  return outcome.kind === 'refused' ? team : (outcome.changes.at(-1)?.team ?? team);
}

export function replay(inputs: readonly TeamInput[]): Team | undefined {
  let team: Team | undefined;
  for (const input of inputs) team = after(team, step(team, input));
  return team;
}

function done(...changes: readonly (Change | undefined)[]): Outcome {
  return { kind: 'done', changes: changes.filter((change) => change !== undefined) };
}

type Patch = Partial<Omit<Team, 'id' | 'revision' | 'updatedAt'>>;

function changed(
  team: Team,
  happened: Happened,
  patch: Patch,
  said: { at: Instant; reason: string },
): Change {
  return {
    happened,
    from: team.status,
    reason: said.reason,
    team: { ...team, ...patch, revision: team.revision + 1, updatedAt: said.at },
  };
}

/** A team that is still being composed; nobody ever sees it. */
function begun({ at, id, taskId, attempt, name, projectName, ...input }: TeamInputOf<'compose'>): Team {
  return {
    id,
    taskId,
    attempt,
    name,
    projectName,
    strategy: input.strategy,
    status: 'composing',
    deploymentStatus: 'none',
    confidence: input.confidence,
    classification: input.classification,
    members: [],
    missing: [],
    reason: null,
    revision: 0,
    createdAt: at,
    updatedAt: at,
  };
}

function composed(team: Team, input: Composed & { at: Instant }): Change {
  const { at, strategy, confidence, classification, missing } = input;
  const members = input.seats.map((seat): Member => ({
    ...seat,
    status: 'assigned',
    deploymentId: null,
    deploymentStatus: null,
    assignedAt: seat.agentId === null ? null : at,
  }));
  const patch = { strategy, confidence, classification, members, missing };
  if (missing.length > 0) {
    const reason = missing.map(({ role, reason: why }) => `${role}: ${why}`).join('; ');
    return changed(team, 'waiting', { ...patch, status: 'waiting', reason }, { at, reason });
  }
  const reason = members.map(({ role, agentId }) => `${agentId ?? 'nobody'} as ${role}`).join(', ');
  return changed(team, 'composed', { ...patch, status: 'composed', reason: null }, { at, reason });
}

/** A team that waits for the same as before is not told of again. */
function recompose(team: Team, input: TeamInputOf<'recompose'>): Outcome {
  if (team.status !== 'waiting') return nothing;
  const change = composed(team, input);
  const isSame = change.happened === 'waiting' && change.team.reason === team.reason;
  return isSame ? nothing : done(change);
}

function followDeployment(team: Team, input: TeamInputOf<'deployment'>): Outcome {
  const member = team.members.find(({ role }) => role === input.role);
  if (isEnded(team.status) || team.status === 'waiting' || member?.agentId === null || member === undefined) {
    return nothing;
  }
  const { at, deploymentId, status } = input;
  const patch = { deploymentId, deploymentStatus: status };
  if (input.isGivenUp) return done(giveUp(team, member, input));
  if (member.status !== 'assigned') return nothing;
  if (status !== 'healthy') {
    const isKnown = member.deploymentId === deploymentId && member.deploymentStatus === status;
    return isKnown ? nothing : done(deploying(team, member, patch, at));
  }
  return join(team, member, { ...patch, status: 'joined' }, at);
}

function deploying(team: Team, member: Member, patch: Partial<Member>, at: Instant): Change {
  const reason = `${member.role}: deployment is ${patch.deploymentStatus ?? 'unknown'}`;
  const deploymentStatus: DeploymentStatus = 'deploying';
  const members = withMember(team, member, patch);
  return changed(team, 'changed', { members, deploymentStatus }, { at, reason });
}

/** One more agent is there; with the last one the team is deployed, and at work when somebody is already. */
function join(team: Team, member: Member, patch: Partial<Member>, at: Instant): Outcome {
  const members = withMember(team, member, patch);
  const reason = `${member.role} joined: ${member.agentId ?? 'nobody'}`;
  const joined = changed(team, 'joined', { members, deploymentStatus: 'deploying' }, { at, reason });
  if (members.some(({ status }) => status === 'assigned')) return done(joined);
  const deployed = changed(
    joined.team,
    'deployed',
    { status: 'deployed', deploymentStatus: 'deployed' },
    { at, reason: 'every seat has a healthy agent' },
  );
  const worker = members.find(({ status }) => status === 'working');
  return done(joined, deployed, worker && working(deployed.team, worker, at));
}

function working(team: Team, { role }: Member, at: Instant): Change {
  return changed(team, 'working', { status: 'working' }, { at, reason: `${role} works on the task` });
}

function agentWorks(team: Team, input: TeamInputOf<'agent_working'>): Outcome {
  const member = team.members.find(({ deploymentId }) => deploymentId === input.deploymentId);
  if (member === undefined || isEnded(team.status) || member.status === 'working') return nothing;
  const { at } = input;
  // Who works is healthy, whichever of the two words about it came first.
  if (member.status === 'assigned') {
    return join(team, member, { status: 'working', deploymentStatus: 'healthy' }, at);
  }
  const members = withMember(team, member, { status: 'working' });
  if (team.status === 'deployed') return done(working({ ...team, members }, member, at));
  const reason = `${member.role} works already`;
  return team.status === 'composed' ? done(changed(team, 'changed', { members }, { at, reason })) : nothing;
}

function giveUp(
  team: Team,
  member: Member,
  { at, deploymentId, status, reason }: TeamInputOf<'deployment'>,
): Change {
  const members = withMember(team, member, { deploymentId, deploymentStatus: status });
  const told = `${member.role} could not be deployed: ${reason ?? 'no reason was given'}`;
  return ended({ ...team, members, deploymentStatus: 'failed' }, 'failed', { at, reason: told });
}

function close(team: Team, { at, reason }: TeamInputOf<'close'>): Outcome {
  if (isEnded(team.status)) return nothing;
  return done(ended(team, isAtWork(team.status) ? 'completed' : 'cancelled', { at, reason }));
}

function withdraw(team: Team, { at, reason }: TeamInputOf<'withdraw'>): Outcome {
  if (isEnded(team.status) || isAtWork(team.status)) return nothing;
  return done(ended(team, 'cancelled', { at, reason }));
}

function setStatus(team: Team, { at, status, reason }: TeamInputOf<'set_status'>): Outcome {
  if (team.status === status) return nothing;
  if (isEnded(team.status)) {
    return { kind: 'refused', code: 'failed_precondition', message: `the team has ${team.status}` };
  }
  return done(ended(team, status, { at, reason }));
}

/** Nobody holds a seat any more; who sat there and what was decided stays. */
function ended(
  team: Team,
  status: 'completed' | 'failed' | 'cancelled',
  { at, reason }: { at: Instant; reason: string },
): Change {
  const members = team.members.map((member): Member => ({ ...member, status: 'released' }));
  const hadAgents = team.deploymentStatus === 'deploying' || team.deploymentStatus === 'deployed';
  const deploymentStatus = hadAgents ? 'removed' : team.deploymentStatus;
  return changed(team, status, { status, reason, members, deploymentStatus }, { at, reason });
}

function withMember(team: Team, member: Member, patch: Partial<Member>): Member[] {
  return team.members.map((one) => (one.role === member.role ? { ...one, ...patch } : one));
}
