import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TestPulse } from '@whoosh/backbeat-sdk/testing';
import { type Bus } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { OwnedProcess, stateDirectory } from '@whoosh/devkit';
import { startNats, type TestNats, until } from '@whoosh/testkit';
import { Recomputation, type Recomputed, type StoredMessage } from '@whoosh/testkit/recomputation';
import { openBenchBus } from './bench-bus.ts';
import { readRecord, recordClaims, recordIsWhole } from './claims-record.ts';
import { jsonLines } from './json-lines.ts';
import { ReportEars } from './report-ears.ts';
import { ServiceProcess } from './service-process.ts';
import { differenceOf, storedReports } from './stored-reports.ts';

export const CLUSTER = 'bench';
const CROWD = fileURLToPath(new URL('claim-crowd.ts', import.meta.url));
const EARS = 2;
const SETTLE_TIMEOUT_MS = 60_000;
const GRACE_MAX_MS = 500;

export interface StageOptions {
  readonly tempoBpm: number;
  readonly barLength: number;
  readonly agents: number;
  readonly seed: number;
}

/** A window that the pulse has announced with a frame. */
export interface AnnouncedWindow {
  readonly windowId: string;
  /** Grid time of its first beat, Unix milliseconds. */
  readonly fromMs: number;
}

/** What became of the reports, beside what they must be. */
export interface Audit {
  readonly windows: number;
  readonly lost: number;
  readonly doubled: number;
  readonly unequal: number;
  readonly firstUnequal: string | undefined;
  readonly claims: number;
  readonly recomputedMs: number;
}

/** A broker, a pulse, a fleet with rogues in it, subscribers, and a record of all that was claimed. Reverb is brought by whoever uses it. */
export class ReportStage implements AsyncDisposable {
  readonly nats: TestNats;
  readonly bus: Bus;
  readonly pulse: TestPulse;
  readonly ears: ReportEars;
  readonly windows: AnnouncedWindow[] = [];
  readonly #options: StageOptions;
  readonly #resources: AsyncDisposableStack;
  readonly #crowd: OwnedProcess;

  private constructor(
    options: StageOptions,
    parts: {
      nats: TestNats;
      bus: Bus;
      ears: ReportEars;
      crowd: OwnedProcess;
      resources: AsyncDisposableStack;
    },
  ) {
    this.#options = options;
    this.nats = parts.nats;
    this.bus = parts.bus;
    this.ears = parts.ears;
    this.#crowd = parts.crowd;
    this.#resources = parts.resources;
    const { tempoBpm, barLength } = options;
    this.pulse = new TestPulse({
      connection: this.bus.connection,
      clusterId: CLUSTER,
      tempoBpm,
      barLength,
    });
    this.#resources.use(this.pulse);
    this.bus.connection.subscribe(backbeat.beats.subject.at({ cluster: CLUSTER }), {
      callback: (_error, message) => this.#hear(message.json<backbeat.BeatFrame>()),
    });
  }

  static async open(options: StageOptions): Promise<ReportStage> {
    await using opening = new AsyncDisposableStack();
    const nats = opening.use(await startNats());
    const bus = opening.use(await openBenchBus(nats.url));
    await bus.ensureStreams(['BACKBEAT_BEATS', 'BACKBEAT_CLAIMS', 'BACKBEAT_REPORTS']);
    await recordClaims(bus);
    const ears = opening.use(await ReportEars.open(nats.url, CLUSTER, EARS));
    const ready = Promise.withResolvers<void>();
    let said = '';
    const { agents, seed } = options;
    const flags = { nats: nats.url, cluster: CLUSTER, agents, seed };
    const crowd = await OwnedProcess.start({
      file: process.execPath,
      args: [CROWD, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])],
      env: { PATH: process.env['PATH'] },
      onOutput: jsonLines<{ ready?: true }>(
        (line) => line.ready === true && ready.resolve(),
        (text) => (said += `${text}\n`),
      ),
    });
    opening.defer(async () => void (await crowd.stop({ graceMs: 5_000 })));
    void crowd.exited.then(() => ready.reject(new Error(`the crowd ended: ${said}`)));
    await ready.promise;
    return new ReportStage(options, { nats, bus, ears, crowd, resources: opening.move() });
  }

  get beatMs(): number {
    return 60_000 / this.#options.tempoBpm;
  }

  get windowMs(): number {
    return this.beatMs * this.#options.barLength;
  }

  get graceMs(): number {
    return Math.min(this.beatMs / 4, GRACE_MAX_MS);
  }

  /** A replica of reverb, ready. */
  async reverb(node: string): Promise<ServiceProcess> {
    const { barLength } = this.#options;
    const reverb = await ServiceProcess.start({
      service: 'reverb',
      flags: { cluster: CLUSTER, nats: this.nats.url, node, 'bar-length': String(barLength) },
      env: { LOG_LEVEL: 'warn' },
    });
    await reverb.ready();
    return reverb;
  }

  /** From the end of each window's grace to the report in the ears of a subscriber, in milliseconds. */
  delays(): number[] {
    return this.windows.flatMap(({ windowId, fromMs }) => {
      const heard = this.ears.ears[0]?.get(windowId);
      return heard === undefined ? [] : [heard.atMs - (fromMs + this.windowMs + this.graceMs)];
    });
  }

  /** Ends the claims and the pulse, at the end of a bar, and waits until the last window has its report. */
  async settle(): Promise<void> {
    await this.#crowd.stop({ graceMs: 30_000 });
    const { barLength } = this.#options;
    const last = this.pulse.index + barLength - (this.pulse.index % barLength);
    await until(() => this.pulse.index >= last, { everyMs: 1, timeoutMs: SETTLE_TIMEOUT_MS });
    this.pulse.stop();
    await this.bus.flush();
    await until(() => this.ears.windows >= this.windows.length, {
      timeoutMs: SETTLE_TIMEOUT_MS,
      describe: () => `all ${this.windows.length} reports; heard ${this.ears.windows}`,
    });
  }

  /** Every report against the offline recomputation, and every window against what was stored and heard. */
  async audit(): Promise<Audit> {
    const stored = await storedReports(this.bus);
    const recomputation = new Recomputation();
    await recordIsWhole(this.bus);
    await using patient = await openBenchBus(this.nats.url, 'agent');
    const beganMs = performance.now();
    const claims = await readRecord(patient, (message) => recomputation.take(message));
    const recomputedMs = performance.now() - beganMs;
    const byWindow = Map.groupBy(stored, ({ report }) => report.window_id);
    const expected = new Map(recomputation.windows.map((window) => [window.report.window_id, window]));
    const isOnce = ({ windowId }: AnnouncedWindow): boolean =>
      (byWindow.get(windowId)?.length ?? 0) >= 1 && this.ears.ears.every((ear) => ear.has(windowId));
    const unequal = stored.flatMap((window) => {
      const { window_id: id, from_beat: from } = window.report;
      const difference = differenceOf(window, expected.get(id));
      return difference === undefined ? [] : `the window from beat ${from}: ${difference}`;
    });
    if (unequal.length > 0) await this.#keepEvidence(patient, unequal, stored);
    return {
      windows: this.windows.length,
      lost: this.windows.filter((window) => !isOnce(window)).length,
      doubled:
        [...byWindow.values()].filter(({ length }) => length > 1).length +
        this.ears.ears.flatMap((ear) => [...ear.values()]).filter(({ times }) => times > 1).length,
      unequal: unequal.length,
      firstUnequal: unequal[0],
      claims,
      recomputedMs,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  #hear(frame: backbeat.BeatFrame): void {
    if (this.windows.at(-1)?.windowId === frame.window_id) return;
    const barLength = this.#options.barLength;
    const position = frame.beat_index % barLength;
    const fromMs = (frame.metadata?.at ?? Number.NaN) - position * this.beatMs;
    this.windows.push({ windowId: frame.window_id, fromMs });
  }

  /** For whoever has to find out which of the two is wrong: all that was claimed and all that was reported. */
  async #keepEvidence(bus: Bus, unequal: readonly string[], stored: readonly Recomputed[]): Promise<void> {
    const messages: StoredMessage[] = [];
    await readRecord(bus, (message) => messages.push(message));
    const folder = join(stateDirectory, 'bench', `unequal-${Date.now()}`);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'differences.txt'), `${unequal.join('\n')}\n`);
    for (const [name, rows] of Object.entries({ messages, stored }))
      await writeFile(join(folder, `${name}.jsonl`), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    console.error(`${unequal.length} reports are unlike the recomputation: ${folder}`);
  }
}
