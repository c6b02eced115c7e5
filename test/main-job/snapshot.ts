/**
 * What a run leaves behind, in a form that two runs can be compared by: final rows of every table and what happened in every life, ids
 * replaced by names in the order of their first appearance, times dropped. What may differ from run to run is listed here, with the reason.
 */
import { jetstreamManager } from '@nats-io/jetstream';
import { type RunningWhoosh } from './running-whoosh.ts';

export interface Snapshot {
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly lives: Readonly<Record<string, readonly string[]>>;
}

/** Columns that say when, where or how often, and not what. */
const VOLATILE = new Set([
  'created_at',
  'updated_at',
  'claimed_at',
  'cast_at',
  'assigned_at',
  'decided_at',
  'first_claim_at',
  'seat_deadline_at',
  'seat_deadline_beat',
  'healthy_deadline_at',
  'reserved_until',
  'retry_at',
  'last_seen',
  'last_claim',
  'last_issue_sync',
  'last_sync_at',
  'last_sweep_at',
  'issue_updated_at',
  'round_opened_at_beat',
  'phase_opened_at_beat',
  'opened_at_beat',
  'closed_at_beat',
  'removed_at',
  // How many changes a life took depends on who came first; that each came once is held by the lives below.
  'revision',
  // A killed orchestrator may count another try of a deployment, and observes a process under another reference.
  'attempt_of_deployment',
  'generation',
  'runtime_ref',
  'environment',
  'join_token_sha256',
  'epoch',
  'activity',
  'status_of_agent',
  'failures',
  'last_error',
  // The text of comments, artifacts and decisions names agents, times and addresses of the run.
  'body',
  'body_sha256',
  'posted_sha256',
  'content',
  'sha256',
  'bytes',
  'decision',
  'ucxl_address',
  'gitea_comment_id',
  'url',
  'webhook_id',
  'webhook_secret_sha256',
  'owner_said',
]);

interface TableQuery {
  readonly name: string;
  readonly sql: string;
}

const TABLES: readonly TableQuery[] = [
  { name: 'repositories', sql: 'select * from repositories order by full_name' },
  { name: 'tasks', sql: 'select * from tasks order by number' },
  { name: 'councils', sql: 'select * from councils order by task_id, attempt' },
  { name: 'council_agents', sql: 'select * from council_agents order by position' },
  { name: 'council_artifacts', sql: 'select * from council_artifacts order by kind, version' },
  { name: 'council_rounds', sql: 'select * from council_rounds order by number' },
  {
    name: 'council_votes',
    sql: 'select v.role, v.vote, a.kind, a.version from council_votes v join council_artifacts a on a.id = v.artifact_id order by a.kind, a.version, v.role',
  },
  { name: 'teams', sql: 'select * from teams order by task_id, attempt' },
  { name: 'team_roles', sql: 'select * from team_roles order by role' },
  {
    name: 'team_assignments',
    sql: 'select a.agent_id, r.role, a.score, a.status from team_assignments a join team_roles r on r.id = a.team_role_id order by r.role',
  },
  {
    name: 'deployments',
    sql: 'select owner_kind, owner_id, task_id, project, role, slot, agent_id, profile_agent_id, runtime, image, desired, status from deployments order by owner_kind, role, slot',
  },
  {
    name: 'issue_comments',
    sql: 'select task_id, attempt, milestone, posted_sha256 is not distinct from body_sha256 as posted, gitea_comment_id is not null as known from issue_comments order by milestone',
  },
  {
    name: 'unpublished',
    sql: ['monitor', 'council', 'composer', 'orchestrator']
      .map(
        (service) =>
          `select '${service}' as service, count(*)::int as events from ${service}_outbox where published_at is null`,
      )
      .join(' union all '),
  },
];

/** Agents come and go with processes, sync states follow Gitea's moods, and how often a comment is edited depends on how many changes it took in at once. */
const LIVES_LEFT_OUT = new Set(['agent', 'repository', 'issue']);
/** Told as often as it happened to be noticed: after each try that a kill cut short (`creating>creating`), or once for several at once. */
const HAPPENED_AGAIN = new Set([
  'deployment.creating',
  'deployment.running',
  // Owners read the newest state of their deployments and pass over what was in between.
  'council.seat_changed',
  'team.changed',
]);
/**
 * A kill between the file of an agent and its process is a try that failed, and another follows it: once in a while, by the moment of the
 * kill. That every deployment came to its end is held by the tables.
 */
const CUT_SHORT = new Set(['deployment.failed']);
/** Optional seats may be taken before or after the council begins. */
const WHENEVER = new Set(['council.role_claimed']);

export async function snapshot(whoosh: RunningWhoosh): Promise<Snapshot> {
  const names = new Names();
  const tables: Record<string, string[]> = {};
  for (const { name, sql } of TABLES) {
    const { rows } = await whoosh.database.query<Record<string, unknown>>(sql);
    tables[name] = rows.map((row) => names.replace(JSON.stringify(kept(row))));
  }
  return { tables, lives: await lives(whoosh, names) };
}

function kept(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).filter(([column]) => column !== 'id' && !VOLATILE.has(column)),
  );
}

interface Event {
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly data: {
    readonly change?: { readonly from: string | null; readonly to: string };
    readonly revision?: number;
  };
}

/** Of every life: how often each change happened. An event that stands twice in the stream under another id would show here. */
async function lives(whoosh: RunningWhoosh, names: Names): Promise<Record<string, string[]>> {
  const counts = new Map<string, Map<string, number>>();
  const revisions = new Set<string>();
  for (const event of await storedEvents(whoosh)) {
    const [, noun = '', happened = ''] = event.type.split('.');
    if (LIVES_LEFT_OUT.has(noun)) continue;
    const revision = `${event.subject}:${event.data.revision}`;
    if (event.data.revision !== undefined && revisions.has(revision))
      throw new Error(
        `${event.type}: revision ${event.data.revision} of ${event.subject} is in the stream twice`,
      );
    revisions.add(revision);
    const life = `${noun} ${names.replace(event.subject)}`;
    if (CUT_SHORT.has(`${noun}.${happened}`)) continue;
    const isAgain = HAPPENED_AGAIN.has(`${noun}.${happened}`);
    const change =
      event.data.change === undefined || isAgain || WHENEVER.has(`${noun}.${happened}`)
        ? happened
        : `${happened} ${event.data.change.from ?? ''}>${event.data.change.to}`;
    const of = counts.get(life) ?? new Map<string, number>();
    of.set(change, isAgain ? 1 : (of.get(change) ?? 0) + 1);
    counts.set(life, of);
  }
  return Object.fromEntries(
    [...counts]
      .toSorted()
      .map(([life, of]) => [life, [...of].map(([change, count]) => `${change} ×${count}`).toSorted()]),
  );
}

export async function storedEvents(whoosh: RunningWhoosh): Promise<Event[]> {
  const jsm = await jetstreamManager(whoosh.nats);
  const { state } = await jsm.streams.info('WHOOSH_EVENTS');
  const events: Event[] = [];
  for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
    const message = await jsm.streams.getMessage('WHOOSH_EVENTS', { seq }).catch(() => null);
    if (message !== null && message.subject.startsWith('whoosh.v1.event.'))
      events.push(message.json<Event>());
  }
  return events;
}

/** Ids and what is made of them, by the order in which they are met. */
class Names {
  readonly #names = new Map<string, string>();

  replace(text: string): string {
    return text
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => this.#name(id))
      .replaceAll(/(?<=-)[0-9a-f]{8,12}\b/g, (fragment) => this.#name(fragment));
  }

  #name(id: string): string {
    const known = this.#names.get(id) ?? `id${this.#names.size + 1}`;
    this.#names.set(id, known);
    return known;
  }
}
