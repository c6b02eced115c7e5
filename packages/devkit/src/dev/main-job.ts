/**
 * The main job as it is seen from outside: pure, fed with what the gateway's event stream says,
 * answering with the lines to print. One brief is followed; everything else is passed over.
 */

export interface Seat {
  readonly role: string;
  readonly required?: boolean;
  readonly status: string;
  readonly agent_id: string | null;
}

interface Life {
  readonly id?: string;
  readonly revision?: number;
  readonly task_id?: string;
  readonly kind?: string;
  readonly number?: number | null;
  readonly repository?: string | null;
  readonly title?: string;
  readonly owner_id?: string;
  readonly agent_id?: string;
  readonly role?: string;
  readonly status?: string;
  readonly reason?: string | null;
  readonly core_agents?: readonly Seat[];
  readonly optional_agents?: readonly Seat[];
  readonly artifacts?: readonly {
    readonly kind: string;
    readonly version: number;
    readonly author_role: string;
  }[];
  readonly round?: { readonly number: number; readonly phase: string } | null;
}

export interface Happened {
  readonly type: string;
  readonly data: Life;
}

export interface MainJob {
  /** The issue that is followed. */
  readonly repository: string;
  readonly number: number;
  readonly taskId: string | undefined;
  readonly council:
    { readonly id: string; readonly status: string; readonly seats: readonly Seat[] } | undefined;
  /** Deployed agents of the council by id, with the last known status of their deployment. */
  readonly agents: Readonly<Record<string, string>>;
  /** The newest revision heard of each life: the stream may say older ones again. */
  readonly revisions: Readonly<Record<string, number>>;
}

export function followBrief(repository: string, number: number): MainJob {
  return { repository, number, taskId: undefined, council: undefined, agents: {}, revisions: {} };
}

/** The job after an event, and the lines it is worth. */
export function heard(
  job: MainJob,
  { type, data }: Happened,
): { readonly job: MainJob; readonly lines: readonly string[] } {
  const [, noun = '', what = ''] = /^whoosh\.([a-z_]+)\.([a-z_]+)\.v\d+$/.exec(type) ?? [];
  const { id = '', revision = 0 } = data;
  if ((job.revisions[id] ?? -1) >= revision) return { job, lines: [] };
  const next = hearing(job, noun, what, data);
  if (next.job === job) return next;
  return { ...next, job: { ...next.job, revisions: { ...next.job.revisions, [id]: revision } } };
}

function hearing(job: MainJob, noun: string, what: string, data: Life): ReturnType<typeof heard> {
  if (noun === 'task') return heardTask(job, what, data);
  if (noun === 'council') return heardCouncil(job, what, data);
  if (noun === 'deployment') return heardDeployment(job, what, data);
  return { job, lines: [] };
}

function heardTask(job: MainJob, what: string, task: Life): ReturnType<typeof heard> {
  const isOurs = task.repository === job.repository && task.number === job.number;
  const isAnother = job.taskId !== undefined && job.taskId !== task.id;
  if (!isOurs || isAnother || task.id === undefined) return { job, lines: [] };
  if (job.taskId === task.id) {
    const closed = what === 'closed' ? [`brief closed (${task.status ?? 'closed'})`] : [];
    return { job: { ...job }, lines: closed };
  }
  return {
    job: { ...job, taskId: task.id },
    lines: [`brief seen: ${task.repository}#${task.number} "${task.title}"`],
  };
}

function heardCouncil(job: MainJob, what: string, council: Life): ReturnType<typeof heard> {
  if (job.taskId === undefined || council.task_id !== job.taskId || council.id === undefined)
    return { job, lines: [] };
  const seats = [...(council.core_agents ?? []), ...(council.optional_agents ?? [])];
  const next = { ...job, council: { id: council.id, status: council.status ?? what, seats } };
  const before = new Map(job.council?.seats.map((seat) => [seat.role, seat.agent_id]));
  const taken = seats.filter(({ role, agent_id }) => agent_id !== null && before.get(role) !== agent_id);
  const lines = taken.map(({ role, agent_id }) => `seat taken: ${role} by ${agent_id}`);
  return { job: next, lines: [...lines, ...councilLines(what, council, seats)] };
}

function councilLines(what: string, council: Life, seats: readonly Seat[]): string[] {
  if (what === 'forming') return [`council forming: ${seats.map(({ role }) => role).join(', ')}`];
  if (what === 'active') return [`council formed: ${seats.filter(isTaken).map(nameOf).join(', ')}`];
  if (what === 'artifact_added') {
    const newest = council.artifacts?.map(({ kind, version }) => `${kind} v${version}`).join(', ');
    return [`artifacts: ${newest ?? ''}`];
  }
  if (what === 'phase_changed')
    return [`round ${council.round?.number ?? '?'}: ${council.round?.phase ?? '?'}`];
  if (what === 'completed') return ['council completed: the required artifacts are ratified'];
  if (what === 'failed' || what === 'cancelled')
    return [`council ${what}: ${council.reason ?? 'no reason given'}`];
  return [];
}

function heardDeployment(job: MainJob, what: string, deployment: Life): ReturnType<typeof heard> {
  const { agent_id: agent, owner_id: owner, role = '?' } = deployment;
  if (agent === undefined || job.council === undefined || owner !== job.council.id) return { job, lines: [] };
  const next = { ...job, agents: { ...job.agents, [agent]: what } };
  if (what === 'running') return { job: next, lines: [`agent running: ${agent} (${role})`] };
  if (what === 'healthy') return { job: next, lines: [`agent on the beat: ${agent} (${role})`] };
  if (what === 'failed')
    return { job: next, lines: [`agent failed: ${agent} (${deployment.reason ?? 'no reason given'})`] };
  return { job: next, lines: [] };
}

function isTaken({ agent_id }: Seat): boolean {
  return agent_id !== null;
}

function nameOf({ role, agent_id }: Seat): string {
  return `${role} (${agent_id})`;
}

/** The agents of the taken seats, as far as they were deployed for this council. */
export function deployedCouncilAgents(job: MainJob): readonly string[] {
  const agents = job.council?.seats.flatMap(({ agent_id }) => (agent_id === null ? [] : [agent_id])) ?? [];
  return agents.filter((agent) => job.agents[agent] !== undefined);
}

/** What has not happened yet, in the order in which it should. */
export function missing(job: MainJob): readonly string[] {
  const agents = deployedCouncilAgents(job);
  // An optional seat may stay empty; its deadline is nothing to wait for.
  const seats = job.council?.seats.filter(({ required }) => required !== false) ?? [];
  return [
    ...(job.taskId === undefined ? [`${job.repository}#${job.number} was not seen`] : []),
    ...(job.council === undefined ? ['no council is forming'] : []),
    ...seats.filter((seat) => !isTaken(seat)).map(({ role }) => `the seat ${role} is not taken`),
    ...(agents.length === 0 ? ['no deployed agent sits in the council'] : []),
    ...agents.filter((agent) => !isUp(job.agents[agent])).map((agent) => `${agent} is ${job.agents[agent]}`),
  ];
}

/** An agent that was taken down after its work has run too. */
function isUp(status: string | undefined): boolean {
  return status !== undefined && !['wanted', 'creating', 'failed'].includes(status);
}
