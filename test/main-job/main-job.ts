/** The main job, driven from outside: a repository is added, issues are opened, and then only looked at. */
import { until } from '@whoosh/testkit';
import { type backbeat, type councils, type deployments, type tasks, type teams } from '@whoosh/contracts';
import { BRIEF, TASK } from './gitea.ts';
import { type RunningWhoosh } from './running-whoosh.ts';

export const REPOSITORY = 'acme/orders';
/** The dev run's fleet; teams are composed when all of it is there, so that every run has the same choice. */
export const FLEET = 8;

interface Items<Item> {
  readonly items: readonly Item[];
}

export async function addRepository(whoosh: RunningWhoosh): Promise<void> {
  const answer = await whoosh.rest.send('POST', '/api/v1/repositories', { full_name: REPOSITORY });
  if (answer.status !== 201 && answer.status !== 200 && answer.status !== 409)
    throw new Error(`adding ${REPOSITORY}: ${answer.status} ${answer.error}`);
  await until(
    async () =>
      (await whoosh.rest.get<Items<{ sync_status: string }>>('/api/v1/repositories')).items.some(
        ({ sync_status: status }) => status === 'active',
      ),
    { timeoutMs: 30_000, describe: `${REPOSITORY} is active` },
  );
}

interface FleetAgent {
  readonly source: string;
  readonly status: string;
  readonly activity: string;
  readonly revision: number;
}

export function fleetOnline(whoosh: RunningWhoosh): Promise<unknown> {
  return fleetIs(whoosh, 'online', ({ status }) => status === 'online');
}

/** Of a fleet that plays the quiet score: each agent was registered, took up its one task, and rests. */
const REVISION_AT_REST = 3;

export function fleetIdle(whoosh: RunningWhoosh): Promise<unknown> {
  const rests = ({ status, activity, revision }: FleetAgent) =>
    status === 'online' && activity === 'idle' && revision >= REVISION_AT_REST;
  return fleetIs(whoosh, 'idle', rests);
}

function fleetIs(whoosh: RunningWhoosh, what: string, is: (agent: FleetAgent) => boolean): Promise<unknown> {
  const fleet = async () =>
    (await whoosh.rest.get<Items<FleetAgent>>('/api/v1/agents?limit=200')).items.filter(
      ({ source }) => source === 'registered',
    );
  return until(async () => (await fleet()).filter(is).length >= FLEET, {
    timeoutMs: 60_000,
    everyMs: 200,
    describe: `${FLEET} agents of the fleet are ${what}`,
  });
}

export async function openBrief(whoosh: RunningWhoosh): Promise<number> {
  return (await whoosh.gitea.open(REPOSITORY, BRIEF)).number;
}

export async function openTask(whoosh: RunningWhoosh): Promise<number> {
  return (await whoosh.gitea.open(REPOSITORY, TASK)).number;
}

export async function taskOf(whoosh: RunningWhoosh, number: number): Promise<tasks.TaskView | undefined> {
  return (await whoosh.rest.get<Items<tasks.TaskView>>('/api/v1/tasks?limit=200')).items.find(
    (task) => task.number === number,
  );
}

export async function councilsOf(
  whoosh: RunningWhoosh,
  taskId: string,
): Promise<readonly councils.CouncilView[]> {
  return (await whoosh.rest.get<Items<councils.CouncilView>>('/api/v1/councils?limit=200')).items.filter(
    (council) => council.task_id === taskId,
  );
}

export async function teamsOf(whoosh: RunningWhoosh, taskId: string): Promise<readonly teams.TeamView[]> {
  return (await whoosh.rest.get<Items<teams.TeamView>>('/api/v1/teams?limit=200')).items.filter(
    (team) => team.task_id === taskId,
  );
}

export async function deploymentsOf(
  whoosh: RunningWhoosh,
  ownerId: string,
): Promise<readonly deployments.DeploymentView[]> {
  return (
    await whoosh.rest.get<Items<deployments.DeploymentView>>('/api/v1/deployments?limit=200')
  ).items.filter((deployment) => deployment.owner_id === ownerId);
}

/** Resolves with the council of an issue once it has this status. */
export async function councilBecomes(
  whoosh: RunningWhoosh,
  number: number,
  status: councils.CouncilView['status'],
  timeoutMs = 120_000,
): Promise<councils.CouncilView> {
  let last: councils.CouncilView | undefined;
  const reached = until(
    async () => {
      const task = await tolerant(() => taskOf(whoosh, number));
      last = task === undefined ? undefined : (await tolerant(() => councilsOf(whoosh, task.id)))?.[0];
      return last?.status === status;
    },
    {
      timeoutMs,
      everyMs: 250,
      describe: () =>
        `the council of #${number} is ${status}; it is ${last?.status ?? 'not there'} (${last?.reason ?? 'no reason'})`,
    },
  );
  await reached.catch(async (cause: unknown) => {
    throw new Error(`${String(cause)}\n${await dissentIn(whoosh, last?.id)}`, { cause });
  });
  return last as councils.CouncilView;
}

/** Who did not agree to what, and why. */
async function dissentIn(whoosh: RunningWhoosh, councilId: string | undefined): Promise<string> {
  const { rows } = await whoosh.database.query<Record<'kind' | 'version' | 'role' | 'reason', string>>(
    `select kind, version, votes.role, reason from council_votes votes join council_artifacts artifacts
     on artifacts.id = artifact_id where artifacts.council_id = $1 and vote = 'no' order by cast_at`,
    [councilId],
  );
  return rows.map(({ kind, version, role, reason }) => `${kind} ${version}, ${role}: ${reason}`).join('\n');
}

export async function teamBecomes(
  whoosh: RunningWhoosh,
  number: number,
  statuses: readonly teams.TeamView['status'][],
  timeoutMs = 120_000,
): Promise<teams.TeamView> {
  let last: teams.TeamView | undefined;
  await until(
    async () => {
      const task = await tolerant(() => taskOf(whoosh, number));
      last = task === undefined ? undefined : (await tolerant(() => teamsOf(whoosh, task.id)))?.[0];
      return last !== undefined && statuses.includes(last.status);
    },
    {
      timeoutMs,
      everyMs: 250,
      describe: () =>
        `the team of #${number} is ${statuses.join(' or ')}; it is ${last?.status ?? 'not there'} (${last?.reason ?? 'no reason'})`,
    },
  );
  return last as teams.TeamView;
}

/** While a process is down the door may answer 503: that is an answer to wait through, not a failure of the test. */
async function tolerant<T>(ask: () => Promise<T>): Promise<T | undefined> {
  return ask().catch(() => undefined);
}

/** BarReports as any consumer hears them. */
export function hearReports(whoosh: RunningWhoosh): { readonly heard: backbeat.BarReport[] } {
  const heard: backbeat.BarReport[] = [];
  whoosh.nats.subscribe(`backbeat.${whoosh.cluster}.report`, {
    callback: (_error, message) => void heard.push(message.json<backbeat.BarReport>()),
  });
  return { heard };
}
