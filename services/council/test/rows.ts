/** What the neighbours have stored or say, as far as these tests need it. */
import { agents, type councils, deployments, type tasks } from '@whoosh/contracts';
import { type DB } from '@whoosh/db';
import { newId } from '@whoosh/lifecycle';
import { type Kysely } from 'kysely';

export function taskOf(more: Partial<tasks.TaskWithBody> = {}): tasks.TaskWithBody {
  const id = newId();
  const now = new Date().toISOString();
  const body = more.body ?? 'A parser for CSV files, as a library.';
  return {
    id,
    source_type: 'gitea',
    external_id: `1#${id}`,
    repository_id: null,
    repository: 'acme/shop',
    number: 7,
    title: 'Design Brief: shop',
    body_excerpt: body.slice(0, 4_096),
    body_sha256: 'a'.repeat(64),
    body_truncated: false,
    url: null,
    labels: ['chorus-entrypoint'],
    assignees: [],
    author: null,
    kind: 'brief',
    issue_state: 'open',
    status: 'open',
    priority: 'medium',
    attempt: 1,
    council_id: null,
    assigned_team_id: null,
    content_revision: 'b'.repeat(64),
    removed_at: null,
    revision: 1,
    created_at: now,
    updated_at: now,
    body,
    ...more,
  };
}

export async function insertTask(db: Kysely<DB>, task: tasks.TaskWithBody): Promise<void> {
  const { body_excerpt: _, council_id: __, assigned_team_id: ___, ...row } = task;
  await db.insertInto('tasks').values(row).execute();
}

export async function insertAgent(db: Kysely<DB>, agentId: string): Promise<void> {
  const now = new Date();
  await db
    .insertInto('agents')
    .values({
      id: newId(),
      agent_id: agentId,
      name: agentId,
      source: 'registered',
      status: 'online',
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.column('agent_id').doNothing())
    .execute();
}

export function deploymentOf(council: councils.CouncilView, role: string): deployments.DeploymentView {
  const now = new Date().toISOString();
  return deployments.DeploymentView.parse({
    id: newId(),
    owner_kind: 'council',
    owner_id: council.id,
    task_id: council.task_id,
    project: council.project_name,
    role,
    slot: 0,
    agent_id: `${role}-deployed`,
    profile_agent_id: null,
    runtime: 'process',
    image: 'test',
    desired: 'present',
    status: 'wanted',
    reason: null,
    attempt: 1,
    generation: 1,
    runtime_ref: null,
    first_claim_at: null,
    healthy_deadline_at: null,
    revision: 1,
    created_at: now,
    updated_at: now,
  });
}

export function agentOf(agentId: string, more: Partial<agents.AgentView> = {}): agents.AgentView {
  const now = new Date().toISOString();
  return agents.AgentView.parse({
    id: newId(),
    agent_id: agentId,
    name: agentId,
    role: null,
    capabilities: [],
    model: null,
    endpoint: null,
    source: 'registered',
    deployment_id: null,
    council_id: null,
    team_id: null,
    status: 'online',
    activity: 'idle',
    epoch: 1,
    last_seen: null,
    last_claim: null,
    revision: 1,
    created_at: now,
    updated_at: now,
    ...more,
  });
}
