import { type backbeat } from '@whoosh/contracts';
import { type AgentDetail } from './roll-up.ts';
import { type ClosedWindow } from './window-book.ts';

/** Finished windows that are kept in memory, and for how long. */
export const RECENT_WINDOWS_MAX = 100;
export const RECENT_AGE_MAX_MS = 5 * 60_000;
/** The last ones, whose details per agent are kept, however old: at a slow tempo four windows take longer than that. */
export const DETAILED_WINDOWS_MAX = 4;

export interface RecentWindow {
  readonly summary: backbeat.WindowSummary;
  readonly report: backbeat.BarReport;
  readonly agents: ReadonlyMap<string, AgentDetail> | undefined;
  readonly openPromises: ClosedWindow['openPromises'];
  readonly closedAtMs: number;
}

/** The last finished windows, newest first. */
export class RecentWindows {
  #windows: RecentWindow[] = [];

  add({ marker, report, agents, claims, openPromises }: ClosedWindow, nowMs: number): void {
    const summary: backbeat.WindowSummary = {
      window_id: marker.window_id,
      from_beat: marker.from_beat,
      to_beat: marker.to_beat,
      state: 'closed',
      agents_reporting: report.agents_reporting,
      claims,
    };
    const added: RecentWindow = { summary, report, agents, openPromises, closedAtMs: nowMs };
    this.#windows = [added, ...this.#windows]
      .slice(0, RECENT_WINDOWS_MAX)
      .map((window, i) =>
        i < DETAILED_WINDOWS_MAX ? window : { ...window, agents: undefined, openPromises: [] },
      );
    this.forget(nowMs);
  }

  /** Lets go of what is too old; also when no window follows. */
  forget(nowMs: number): void {
    this.#windows = this.#windows.filter(
      ({ closedAtMs }, i) => i < DETAILED_WINDOWS_MAX || nowMs - closedAtMs <= RECENT_AGE_MAX_MS,
    );
  }

  reported(windowId: string): void {
    this.#windows = this.#windows.map((window) =>
      window.summary.window_id === windowId
        ? { ...window, summary: { ...window.summary, state: 'reported' } }
        : window,
    );
  }

  get all(): readonly RecentWindow[] {
    return this.#windows;
  }

  get(windowId: string): RecentWindow | undefined {
    return this.#windows.find(({ summary }) => summary.window_id === windowId.toLowerCase());
  }
}
