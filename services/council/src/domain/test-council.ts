/** Councils and inputs for the tests of the rules. */
import { after, step } from './step.ts';
import { type Council, CORE_ROLES } from './council.ts';
import { type CouncilInput, type InputOf } from './input.ts';
import { type Outcome } from './outcome.ts';

export const T0 = 1_000_000;
export const RESERVED_UNTIL = T0 + 60_000;
export const DEADLINE_AT = T0 + 120_000;
export const BAR = 4;

export const HOLDER = { 'product-manager': 'pm', 'eng-lead': 'eng', 'qa-lead': 'qa' } as const;

export function formInput(optional: readonly string[] = [], seatDeadlineBeat: number | null = null) {
  const roles = [...CORE_ROLES, ...optional];
  return {
    kind: 'form',
    at: T0,
    by: 'council',
    id: '0199a000-0000-7000-8000-000000000001',
    taskId: '0199a000-0000-7000-8000-000000000002',
    attempt: 1,
    projectName: 'acme/shop',
    title: 'Design Brief: shop',
    strategy: 'project_kickoff',
    seats: roles.map((role, at) => ({
      id: `seat-${at}`,
      role,
      name: role,
      required: at < CORE_ROLES.length,
      why: 'test',
    })),
    reservedUntil: RESERVED_UNTIL,
    seatDeadlineAt: DEADLINE_AT,
    seatDeadlineBeat,
  } as const satisfies InputOf<'form'>;
}

export function claimInput(role: string, agentId: string, more: Partial<InputOf<'claim'>> = {}) {
  return {
    kind: 'claim',
    at: RESERVED_UNTIL + 1,
    by: agentId,
    role,
    agentId,
    deploymentId: null,
    capabilities: [role],
    required: ['planning'],
    beat: 10,
    ...more,
  } as const satisfies InputOf<'claim'>;
}

export function artifactInput(
  artifactKind: InputOf<'artifact'>['artifactKind'],
  agentId: string | null,
  content = 'one',
) {
  return {
    kind: 'artifact',
    at: T0 + 70_000,
    by: agentId ?? 'admin',
    id: `${artifactKind}-${content}`,
    artifactKind,
    mediaType: 'text/markdown',
    sha256: `digest of ${content}`,
    bytes: content.length,
    path: `${artifactKind}.md`,
    agentId,
  } as const satisfies InputOf<'artifact'>;
}

export function voteInput(artifactId: string, agentId: string, vote: 'yes' | 'no' = 'yes') {
  return {
    kind: 'vote',
    at: T0 + 80_000,
    by: agentId,
    artifactId,
    agentId,
    vote,
    reason: null,
  } as const satisfies InputOf<'vote'>;
}

export function downbeat(beat: number): InputOf<'downbeat'> {
  return { kind: 'downbeat', at: T0 + 70_000 + beat, by: 'council', beat, barLength: BAR };
}

/** The council after these inputs; a refusal among them is a mistake of the test. */
export function councilAfter(...inputs: readonly CouncilInput[]): Council {
  let council: Council | undefined;
  for (const input of inputs) {
    const outcome = step(council, input);
    if (outcome.kind === 'refused') throw new Error(`${input.kind} was refused: ${outcome.message}`);
    council = after(council, outcome);
  }
  if (council === undefined) throw new Error('no council');
  return council;
}

export function formed(optional: readonly string[] = []): Council {
  return councilAfter(formInput(optional), { kind: 'clock', at: RESERVED_UNTIL, by: 'council', beat: 5 });
}

export function active(optional: readonly string[] = []): Council {
  return CORE_ROLES.reduce(
    (council, role) => next(council, claimInput(role, HOLDER[role])),
    formed(optional),
  );
}

export const ALL_ARTIFACTS = [
  artifactInput('kickoff_manifest', 'pm'),
  artifactInput('seminal_decision_record', 'eng'),
  artifactInput('scaffold_plan', 'eng'),
  artifactInput('gate_tests', 'qa'),
];

/** An active council with all artifacts, in its vote; the bar before the vote began at beat 20. */
export function voting(): Council {
  return [...ALL_ARTIFACTS, downbeat(12), downbeat(16), downbeat(20)].reduce(next, active());
}

export function next(council: Council, input: CouncilInput): Council {
  const outcome = step(council, input);
  if (outcome.kind === 'refused') throw new Error(`${input.kind} was refused: ${outcome.message}`);
  return after(council, outcome) ?? council;
}

export function happenings(outcome: Outcome): string[] {
  return outcome.kind === 'done' ? outcome.changes.map(({ happened }) => happened) : [outcome.code];
}
