import { sha256Hex, truncateUtf8 } from '@whoosh/stdx';
import { AgentView } from '../agents.ts';
import { DeploymentView } from '../deployments.ts';
import { BODY_EXCERPT_BYTES_MAX, TaskView, TaskWithBody } from '../tasks.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const TASK_ID = '01890a5d-ac96-774b-bcce-b302099a8058';
const OWNER_ID = '01890a5d-ac96-774b-bcce-b302099a8059';
const TIME = '2026-01-02T03:04:05.678Z';

/** A task as monitor sees it for the first time: open, and work for a team. */
export function taskWithBody(more: Partial<TaskWithBody> = {}): TaskWithBody {
  const { id = ID, body = '' } = more;
  const { text: excerpt } = truncateUtf8(body, BODY_EXCERPT_BYTES_MAX);
  return TaskWithBody.parse({
    id,
    source_type: 'gitea',
    external_id: `1#${id}`,
    repository_id: null,
    repository: null,
    number: null,
    title: 'a task',
    body,
    body_excerpt: excerpt,
    body_sha256: sha256Hex(body),
    body_truncated: false,
    url: null,
    labels: [],
    assignees: [],
    author: null,
    kind: 'work',
    issue_state: 'open',
    status: 'open',
    priority: 'medium',
    attempt: 1,
    council_id: null,
    assigned_team_id: null,
    content_revision: sha256Hex(`content of ${id}`),
    removed_at: null,
    revision: 1,
    created_at: TIME,
    updated_at: TIME,
    ...more,
  });
}

/** The same as events and lists carry it. */
export function taskView(more: Partial<TaskView> = {}): TaskView {
  return TaskView.parse(taskWithBody(more));
}

/** An agent that registered by itself, is online and has nothing to do. */
export function agentView(more: Partial<AgentView> = {}): AgentView {
  const { agent_id: agentId = 'agent' } = more;
  return AgentView.parse({
    id: ID,
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
    created_at: TIME,
    updated_at: TIME,
    ...more,
  });
}

/** A seat's agent that is to run, and of which nothing runs yet. */
export function deploymentView(more: Partial<DeploymentView> = {}): DeploymentView {
  const { role = 'executor' } = more;
  return DeploymentView.parse({
    id: ID,
    owner_kind: 'team',
    owner_id: OWNER_ID,
    task_id: TASK_ID,
    project: null,
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
    created_at: TIME,
    updated_at: TIME,
    ...more,
  });
}
