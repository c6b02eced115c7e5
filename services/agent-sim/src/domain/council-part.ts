/**
 * What an agent with a seat in a council does on a beat. Level-triggered: it compares what it sees of the council
 * with what it has done, so an act that failed is simply due again.
 */
import { type councils } from '@whoosh/contracts';
import { type ArtifactKind, draft, type Draft, kindsOf } from './artifacts.ts';
import { type Brief } from './brief.ts';
import { review, type Verdict } from './review.ts';
import { type Claim } from './sim-agent.ts';

export interface CouncilPart {
  readonly role: string;
  readonly agentId: string;
  readonly taskId: string;
  readonly brief: Brief;
  readonly seat: 'seeking' | 'held' | 'lost';
  /** Undefined until it was read for the first time. */
  readonly council: councils.CouncilView | undefined;
  /** Contents of artifact versions by id, as far as they were read. */
  readonly contents: ReadonlyMap<string, string>;
  /** Ids of versions this agent has voted on. */
  readonly voted: ReadonlySet<string>;
  /** `kind#revision` of what was handed in. */
  readonly handedIn: ReadonlySet<string>;
  /** Its last StatusClaim said that it executes: only then it hands in what it wrote. */
  readonly isExecuting: boolean;
  /** Beats since the agent began. */
  readonly age: number;
}

export type CouncilAct =
  | { readonly type: 'hand_in'; readonly draft: Draft; readonly key: string }
  | { readonly type: 'read'; readonly artifactId: string }
  | { readonly type: 'vote'; readonly artifactId: string; readonly verdict: Verdict };

export interface CouncilTurn {
  readonly claim: Claim;
  readonly acts: readonly CouncilAct[];
}

/** Beats in which a first draft is thought through. */
const DRAFTING_BEATS = 8;

export function takeTurn(part: CouncilPart): CouncilTurn {
  const { council, seat, taskId, role } = part;
  if (seat === 'lost') return { claim: { state: 'idle', notes: `the seat ${role} is taken` }, acts: [] };
  if (council === undefined || council.status === 'forming') return { claim: drafting(part), acts: [] };
  switch (council.status) {
    case 'completed':
      return { claim: { state: 'completed', task_id: taskId, progress: 1 }, acts: [] };
    case 'failed':
      return { claim: { state: 'failed', task_id: taskId, notes: noteOf(council.reason) }, acts: [] };
    case 'cancelled':
      return { claim: { state: 'idle', notes: 'the council was cancelled' }, acts: [] };
    case 'active':
      return seat === 'held' ? work(part, council) : { claim: drafting(part), acts: [] };
  }
}

function drafting({ taskId, age, role }: CouncilPart): Claim {
  const progress = Math.min(0.9, Math.round((age / DRAFTING_BEATS) * 100) / 100);
  return { state: 'planning', task_id: taskId, progress, notes: `reading the brief as ${role}` };
}

function work(part: CouncilPart, council: councils.CouncilView): CouncilTurn {
  const due = kindsOf(part.role).flatMap((kind) => dueDraft(part, council, kind));
  if (due.length > 0) {
    const made = due.map(({ kind }) => kind).join(', ');
    return {
      claim: { state: 'executing', task_id: part.taskId, progress: 0.5, notes: `writing ${made}` },
      acts: part.isExecuting ? due.map((one) => handIn(one, council)) : [],
    };
  }
  const open = council.artifacts.filter(({ ratified }) => !ratified);
  const unread = open.filter(({ id }) => !part.contents.has(id));
  const votes = council.round?.phase === 'vote' && isCore(part, council) ? votesOn(part, open) : [];
  const waiting = open.filter(({ id }) => !part.voted.has(id)).length;
  return {
    claim: {
      state: 'reviewing',
      task_id: part.taskId,
      progress: progressOf(council, waiting),
      notes: nowIn(council),
    },
    acts: [...unread.map(({ id }) => ({ type: 'read' as const, artifactId: id })), ...votes],
  };
}

function handIn(made: Draft, council: councils.CouncilView): CouncilAct {
  return { type: 'hand_in', draft: made, key: keyOf(made.kind, revisionOf(council)) };
}

/** A kind of this role that is missing, or that was voted down and not yet revised. Nothing new while votes are cast. */
function dueDraft(part: CouncilPart, council: councils.CouncilView, kind: ArtifactKind): Draft[] {
  if (council.round?.phase === 'vote') return [];
  const revision = revisionOf(council);
  if (part.handedIn.has(keyOf(kind, revision))) return [];
  const newest = council.artifacts.find((artifact) => artifact.kind === kind);
  if (newest !== undefined && (newest.ratified || newest.version >= revision)) return [];
  const place = {
    project: council.project_name,
    taskId: part.taskId,
    councilId: council.id,
    seats: [...council.core_agents, ...council.optional_agents].map(({ role, agent_id }) => ({
      role,
      agent_id,
    })),
    revision,
    revisionReason:
      newest === undefined
        ? null
        : `Version ${newest.version} got ${newest.votes_yes} yes and ${newest.votes_no} no.`,
  };
  return [draft(kind, part.brief, place)];
}

function votesOn(part: CouncilPart, open: readonly councils.ArtifactView[]): CouncilAct[] {
  return open.flatMap((artifact) => {
    const content = part.contents.get(artifact.id);
    if (content === undefined || part.voted.has(artifact.id)) return [];
    const { id, kind, media_type: mediaType } = artifact;
    return [{ type: 'vote', artifactId: id, verdict: review({ kind, mediaType, content }, part.brief) }];
  });
}

function isCore({ role, agentId }: CouncilPart, council: councils.CouncilView): boolean {
  return council.core_agents.some((seat) => seat.role === role && seat.agent_id === agentId);
}

function revisionOf({ round }: councils.CouncilView): number {
  return round?.number ?? 1;
}

function keyOf(kind: ArtifactKind, revision: number): string {
  return `${kind}#${revision}`;
}

function progressOf(council: councils.CouncilView, waiting: number): number {
  if (council.artifacts.length === 0) return 0.5;
  const share = 1 - waiting / council.artifacts.length;
  return Math.round((0.5 + share / 2) * 100) / 100;
}

function nowIn({ round }: councils.CouncilView): string {
  return round === null ? 'reviewing' : `round ${round.number}: ${round.phase}`;
}

const NOTE_CHARACTERS_MAX = 200;

function noteOf(reason: string | null): string {
  return (reason ?? 'the council failed').slice(0, NOTE_CHARACTERS_MAX).toWellFormed();
}
