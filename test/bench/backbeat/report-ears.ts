import { type Bus } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { openBenchBus } from './bench-bus.ts';

/** What one subscriber heard: reports by window with when, and how often. */
export interface HeardReport {
  readonly atMs: number;
  times: number;
}

/** Core subscribers, each on a connection of its own, as anyone may be who wants to know of reports. */
export class ReportEars implements AsyncDisposable {
  readonly ears: readonly ReadonlyMap<string, HeardReport>[];
  readonly #buses: readonly Bus[];

  private constructor(ears: readonly ReadonlyMap<string, HeardReport>[], buses: readonly Bus[]) {
    this.ears = ears;
    this.#buses = buses;
  }

  static async open(url: string, cluster: string, count: number): Promise<ReportEars> {
    const buses = await Promise.all(Array.from({ length: count }, () => openBenchBus(url)));
    const ears = buses.map((bus) => {
      const heard = new Map<string, HeardReport>();
      bus.connection.subscribe(backbeat.reports.subject.at({ cluster }), {
        callback: (_error, message) => {
          const atMs = performance.timeOrigin + performance.now();
          const { window_id: id } = message.json<backbeat.BarReport>();
          const known = heard.get(id);
          if (known === undefined) heard.set(id, { atMs, times: 1 });
          else known.times += 1;
        },
      });
      return heard;
    });
    await Promise.all(buses.map((bus) => bus.flush()));
    return new ReportEars(ears, buses);
  }

  /** Windows that the slowest of them has heard of. */
  get windows(): number {
    return Math.min(...this.ears.map(({ size }) => size));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#buses.map((bus) => bus[Symbol.asyncDispose]()));
  }
}
