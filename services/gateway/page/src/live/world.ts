import type { agents, backbeat, councils, deployments, repositories, tasks, teams } from '@whoosh/contracts';
import { activityOf, isRoutine, type Activity } from './activity.ts';
import { ApiFailure, type Api } from './api.ts';
import type { BackbeatStatus } from './backbeat.ts';
import { type HeardBeat, placed } from './heard-beats.ts';
import { Cell } from './cell.ts';
import { readEvents, type Link, type StreamEvent } from './event-stream.ts';

export type Council = councils.CouncilView;
export type Artifact = councils.ArtifactView;
export type Team = teams.TeamView;
export type Task = tasks.TaskView;
export type Agent = agents.AgentView;
export type Deployment = deployments.DeploymentView;
export type Repository = repositories.RepositoryView;
export type Report = backbeat.BarReport;

export interface StoredReport {
  readonly report: Report;
  readonly recorded_at: string;
}

export interface DeadLetter {
  readonly id: number;
  readonly consumer: string;
  readonly subject: string;
  readonly reason: string;
  readonly attempts: number;
  readonly event_type: string | null;
  readonly body_excerpt: string;
  readonly bytes: number;
  readonly died_at: string;
}

/** What the health details say, as far as the page shows it. */
export interface Health {
  readonly status: string;
  readonly components: Readonly<Record<string, { readonly status: string; readonly note?: string }>>;
  readonly services: readonly {
    readonly service: string;
    readonly instance: string;
    readonly status: string;
    readonly dependencies: Readonly<Record<string, string>>;
  }[];
  readonly missing_services: readonly string[];
}

interface Life {
  readonly id: string;
  readonly revision: number;
  readonly updated_at: string;
}

const REPORTS_KEPT = 400;
const ACTIVITIES_KEPT = 200;
const AGENTS_EVERY_MS = 8_000;
const PROBLEMS_EVERY_MS = 20_000;

/** Lives by id, of which only the newest revision is kept. */
export class Lives<View extends Life> extends Cell<ReadonlyMap<string, View>> {
  constructor() {
    super(new Map());
  }

  put(views: readonly View[]): void {
    const newer = views.filter((view) => view.revision >= (this.value.get(view.id)?.revision ?? -1));
    if (newer.length > 0)
      this.set(new Map([...this.value, ...newer.map((view): [string, View] => [view.id, view])]));
  }

  /** Newest change first. */
  get newest(): View[] {
    return [...this.value.values()].toSorted((a, b) => (a.updated_at < b.updated_at ? 1 : -1));
  }
}

/** Everything the page shows: read once from the lists, then kept in step by the events. */
export class World {
  readonly api: Api;
  readonly councils = new Lives<Council>();
  readonly teams = new Lives<Team>();
  readonly tasks = new Lives<Task>();
  readonly agents = new Lives<Agent>();
  readonly deployments = new Lives<Deployment>();
  readonly repositories = new Lives<Repository>();
  readonly reports = new Cell<readonly StoredReport[]>([]);
  readonly beats = new Cell<readonly HeardBeat[]>([]);
  readonly activity = new Cell<readonly Activity[]>([]);
  /** Undefined: not asked yet, or not ours to see. */
  readonly deadLetters = new Cell<readonly DeadLetter[] | undefined>(undefined);
  /** Undefined: not asked yet, or not ours to see. */
  readonly health = new Cell<Health | undefined>(undefined);
  /** The clusters of pulse and reverb, and what WHOOSH itself is at. */
  readonly backbeat = new Cell<BackbeatStatus | undefined>(undefined);
  readonly link = new Cell<Link>('connecting');
  /** What could not be read, by name. */
  readonly away = new Cell<ReadonlyMap<string, string>>(new Map());
  readonly version = new Cell('');
  readonly #onRefused: () => void;
  readonly #undo: (() => void)[] = [];

  constructor(api: Api, onRefused: () => void) {
    this.api = api;
    this.#onRefused = onRefused;
  }

  open(): void {
    this.#undo.push(
      readEvents({
        api: this.api,
        onEvent: (event) => this.#heard(event),
        onLink: (link) => this.#linked(link),
        onRefused: this.#onRefused,
      }),
    );
    void this.readAll();
    this.#every(AGENTS_EVERY_MS, () => this.readAgents());
    this.#every(PROBLEMS_EVERY_MS, () => this.readProblems());
  }

  close(): void {
    for (const act of this.#undo) act();
  }

  async readAll(): Promise<void> {
    const { api } = this;
    await Promise.all([
      this.#try('version', async () => {
        const { version } = await api.get<{ version: string }>('/health');
        this.version.set(version);
      }),
      this.#try('repositories', async () => this.repositories.put(await api.list('/api/v1/repositories'))),
      this.#try('councils', async () => this.councils.put(await api.list('/api/v1/councils'))),
      this.#try('teams', async () => this.teams.put(await api.list('/api/v1/teams'))),
      this.#try('tasks', async () => this.tasks.put(await api.list('/api/v1/tasks'))),
      this.#try('deployments', async () => this.deployments.put(await api.list('/api/v1/deployments'))),
      this.#try('reports', async () => {
        const { items } = await api.get<{ items: StoredReport[] }>('/api/v1/backbeat/reports?limit=200');
        this.#addReports(items);
      }),
      this.readAgents(),
      this.readProblems(),
    ]);
  }

  async readAgents(): Promise<void> {
    await Promise.all([
      this.#try('agents', async () => this.agents.put(await this.api.list('/api/v1/agents'))),
      this.readBackbeat(),
    ]);
  }

  async readBackbeat(): Promise<void> {
    await this.#try('BACKBEAT', async () => {
      this.backbeat.set(await this.api.get<BackbeatStatus>('/api/v1/backbeat/status'));
    });
  }

  async readProblems(): Promise<void> {
    await Promise.all([
      this.#try('dead letters', async () => {
        const answer = await forAdmins(
          this.api.get<{ items: DeadLetter[] }>('/api/v1/dead-letters?limit=50'),
        );
        this.deadLetters.set(answer?.items);
      }),
      this.#try('health', async () => {
        this.health.set(await forAdmins(this.api.get<Health>('/admin/health/details')));
      }),
    ]);
  }

  #every(ms: number, act: () => Promise<void>): void {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void act();
    }, ms);
    this.#undo.push(() => clearInterval(timer));
  }

  async #try(name: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
      if (this.away.value.has(name))
        this.away.update((away) => new Map([...away].filter(([key]) => key !== name)));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.away.update((away) => new Map([...away, [name, reason]]));
    }
  }

  #linked(link: Link): void {
    const was = this.link.value;
    this.link.set(link);
    // What happened in between comes with the stream; what has no event (reports, claims) is read again.
    if (link === 'live' && was === 'lost') void this.readAll();
  }

  #heard({ event, data }: StreamEvent): void {
    if (event === 'beat') this.#beat(data as backbeat.BeatFrame);
    else if (event === 'report')
      this.#addReports([{ report: data as Report, recorded_at: new Date().toISOString() }]);
    else if (event === 'reset') void this.readAll();
    else this.#changed(data as { id: string; type: string; time: string; data: Life });
  }

  #beat(frame: backbeat.BeatFrame): void {
    const arrivedMs = performance.now();
    this.beats.update((beats) => placed(beats, frame, arrivedMs));
  }

  #addReports(reports: readonly StoredReport[]): void {
    this.reports.update((known) => {
      const byWindow = new Map([...known, ...reports].map((one) => [one.report.window_id, one]));
      const ordered = [...byWindow.values()].toSorted((a, b) => (a.recorded_at < b.recorded_at ? -1 : 1));
      return ordered.slice(-REPORTS_KEPT);
    });
  }

  #changed(event: { id: string; type: string; time: string; data: Life }): void {
    const noun = event.type.split('.')[1];
    if (noun === 'council') this.councils.put([event.data as Council]);
    else if (noun === 'team') this.teams.put([event.data as Team]);
    else if (noun === 'task') this.tasks.put([event.data as Task]);
    else if (noun === 'agent') this.agents.put([event.data as Agent]);
    else if (noun === 'deployment') this.deployments.put([event.data as Deployment]);
    else if (noun === 'repository' && 'sync_status' in event.data)
      this.repositories.put([event.data as Repository]);
    if (isRoutine(event)) return;
    const activity = activityOf(event);
    this.activity.update((known) =>
      [activity, ...known.filter(({ id }) => id !== activity.id)].slice(0, ACTIVITIES_KEPT),
    );
  }
}

/** Undefined where this token may not look. */
async function forAdmins<Data>(asked: Promise<Data>): Promise<Data | undefined> {
  try {
    return await asked;
  } catch (cause) {
    if (cause instanceof ApiFailure && cause.status === 403) return undefined;
    throw cause;
  }
}
