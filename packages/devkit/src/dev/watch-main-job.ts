/**
 * Sends the main job through a dev run and follows it: the repository is added over REST, a brief is
 * opened in Gitea, and what happens is said as it happens, to the first report of the council.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Say } from '../progress.ts';
import { type DevFile } from './dev-file.ts';
import { openSampleBrief, sampleRepository, type Issue } from './gitea-brief.ts';
import { reportWithAgents, type BarReport } from './first-report.ts';
import {
  deployedCouncilAgents,
  followBrief,
  heard,
  missing,
  type Happened,
  type MainJob,
} from './main-job.ts';
import { messageOf } from './say-failure.ts';
import { Rest, RestFailure } from './rest.ts';
import { serverSentEvents } from './server-sent-events.ts';

const reportPollMs = 250;
const listRetryMs = 2_000;
const activeTimeoutMs = 60_000;
/** Well below the gateway's requests per minute. */
const activePollMs = 750;

interface TaskSummary {
  readonly id: string;
  readonly kind: string;
  readonly repository: string | null;
  readonly number: number | null;
  readonly title: string;
  readonly url: string | null;
  readonly status: string;
  readonly issue_state: string;
}

/** Monitors the sample repository; doing it again changes nothing. Resolves when its issues have been read. */
export async function addSampleRepository(rest: Rest, repository: string = sampleRepository): Promise<void> {
  try {
    await rest.post('/api/v1/repositories', { full_name: repository });
  } catch (cause) {
    if (!(cause instanceof RestFailure) || cause.status !== 409) throw cause;
  }
  const deadlineMs = performance.now() + activeTimeoutMs;
  for (;;) {
    const { items } = await rest.get<{
      items: { full_name: string; sync_status: string; sync_error: string | null }[];
    }>('/api/v1/repositories?limit=200');
    const found = items.find(({ full_name }) => full_name === repository);
    if (found?.sync_status === 'active') return;
    if (performance.now() > deadlineMs) {
      throw new Error(
        `${repository} did not become active: ${found?.sync_status ?? 'absent'} ${found?.sync_error ?? ''}`,
      );
    }
    await delay(activePollMs);
  }
}

/** A brief of an earlier run whose work is not finished, or undefined. */
export async function unfinishedBrief(rest: Rest): Promise<Issue | undefined> {
  const { items } = await rest.get<{ items: TaskSummary[] }>('/api/v1/tasks?limit=200');
  const open = items.find(
    ({ kind, status, issue_state }) =>
      kind === 'brief' && issue_state === 'open' && ['open', 'forming', 'in_progress'].includes(status),
  );
  if (open?.number === undefined || open.number === null) return undefined;
  return { number: open.number, title: open.title, html_url: open.url ?? '' };
}

export interface Finished {
  readonly issue: Issue;
  readonly job: MainJob;
  readonly report: BarReport | undefined;
  /** Why there is no report; empty when there is one. */
  readonly missing: readonly string[];
}

/** Opens the brief and follows it to its first report, or until the signal is given. */
export async function runMainJob(file: DevFile, say: Say, signal: AbortSignal): Promise<Finished> {
  const rest = new Rest(file.gateway, file.tokens.admin);
  await addSampleRepository(rest);
  const known = await unfinishedBrief(rest);
  const watcher = new MainJobWatcher(file, rest, say);
  const listening = watcher.listen(signal);
  const openBrief = async (): Promise<Issue> => {
    const opened = await openSampleBrief(file.gitea, file.tokens.gitea);
    say(`opened ${sampleRepository}#${opened.number} "${opened.title}"`);
    return opened;
  };
  if (known !== undefined) say(`${sampleRepository}#${known.number} is still open: following it`);
  let issue = known ?? (await openBrief());
  watcher.follow(issue);
  await watcher.catchUp(signal);
  let report = await watcher.firstReport(signal);
  if (report === undefined && known !== undefined && !signal.aborted) {
    // Its rounds went on while nothing ran, so it may end without its agents; a new brief shows the whole way.
    say(`the council of ${sampleRepository}#${known.number} ended before its agents were back`);
    issue = await openBrief();
    watcher.follow(issue);
    await watcher.catchUp(signal);
    report = await watcher.firstReport(signal);
  }
  void listening;
  return { issue, job: watcher.job, report, missing: report === undefined ? watcher.missing() : [] };
}

/** Folds events into the job; what came before the issue's number was known is folded then. */
export class MainJobWatcher {
  readonly #file: DevFile;
  readonly #rest: Rest;
  readonly #say: Say;
  #job: MainJob | undefined;
  readonly #early: Happened[] = [];

  constructor(file: DevFile, rest: Rest, say: Say) {
    this.#file = file;
    this.#rest = rest;
    this.#say = say;
  }

  get job(): MainJob {
    return this.#job ?? followBrief(sampleRepository, 0);
  }

  missing(): readonly string[] {
    const reasons = missing(this.job);
    return reasons.length > 0
      ? reasons
      : ['no BarReport of a window in which all agents of the council reported'];
  }

  async listen(signal: AbortSignal): Promise<void> {
    for await (const { data } of serverSentEvents(this.#rest, '/api/v1/events', signal)) {
      const event = data as Partial<Happened>;
      if (typeof event.type === 'string' && event.data !== undefined) this.#take(event as Happened);
    }
  }

  follow({ number }: Issue): void {
    this.#job = followBrief(sampleRepository, number);
    for (const event of this.#early.splice(0)) this.#take(event);
  }

  /** What happened before we listened, as the lists tell it; a service that is away is asked again. */
  async catchUp(signal: AbortSignal): Promise<void> {
    const lists = [
      ['task', 'changed', '/api/v1/tasks?limit=200'],
      ['council', 'changed', '/api/v1/councils?limit=200'],
      ['deployment', undefined, '/api/v1/deployments?limit=200'],
    ] as const;
    for (const [noun, what, path] of lists) {
      for (const data of await this.#list(path, signal)) {
        this.#take({ type: `whoosh.${noun}.${what ?? data.status}.v1`, data });
      }
    }
  }

  async #list(path: string, signal: AbortSignal): Promise<(Happened['data'] & { status: string })[]> {
    while (!signal.aborted) {
      try {
        const { items } = await this.#rest.get<{ items: (Happened['data'] & { status: string })[] }>(path);
        return items;
      } catch (cause) {
        const isAway = cause instanceof RestFailure ? cause.status >= 500 : true;
        if (!isAway) throw cause;
        this.#say(`  … ${messageOf(cause)}`);
        await delay(listRetryMs, undefined, { signal }).catch(() => {});
      }
    }
    return [];
  }

  /** Whether the council ended in a way that no report of its agents can follow any more. */
  get #isLost(): boolean {
    const status = this.job.council?.status;
    return status === 'failed' || status === 'cancelled';
  }

  /** Polls reverb; undefined when the signal is given or the council fails first. */
  async firstReport(signal: AbortSignal): Promise<BarReport | undefined> {
    while (!signal.aborted) {
      const isSettled = missing(this.job).length === 0;
      const agents = isSettled ? deployedCouncilAgents(this.job) : [];
      const report = await reportWithAgents(this.#file.reverb, agents).catch(() => undefined);
      if (report !== undefined) return report;
      if (this.#isLost) return undefined;
      await delay(reportPollMs, undefined, { signal }).catch(() => {});
    }
    return undefined;
  }

  #take(event: Happened): void {
    if (this.#job === undefined) {
      this.#early.push(event);
      return;
    }
    const { job, lines } = heard(this.#job, event);
    this.#job = job;
    for (const line of lines) this.#say(`  • ${line}`);
  }
}
