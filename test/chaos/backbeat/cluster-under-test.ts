import { mkdir, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type backbeat } from '@whoosh/contracts';
import { startNatsCluster, type TestNats, until } from '@whoosh/testkit';
import { type Plan } from './fault-plan.ts';
import { LabProcess } from './lab-process.ts';
import { BROKER_ADDRESS, Host, layNetwork, mountSmallDisk } from './namespaces.ts';

export const CLUSTER = 'nemesis';
export const BPM = 240;
const RAFT_PORT = 7420;
const REVERBS = 2;
const DISK_MEGABYTES = 8;
const READY_TIMEOUT_MS = 60_000;

/** Brokers, pulses on hosts of their own with small disks, and two reverbs. */
export class ClusterUnderTest implements AsyncDisposable {
  readonly #resources = new AsyncDisposableStack();
  readonly #directory: string;
  brokers: readonly TestNats[] = [];
  pulses: readonly LabProcess[] = [];
  reverbs: readonly LabProcess[] = [];

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** The brokers alone: whoever wants to hear the first beat listens before {@link start}. */
  static async open(plan: Plan, directory: string): Promise<ClusterUnderTest> {
    const cluster = new ClusterUnderTest(directory);
    try {
      await layNetwork();
      // The later line wins over the loopback address that every test server has.
      const brokers = await startNatsCluster({ size: plan.brokers, config: `host: "${BROKER_ADDRESS}"` });
      cluster.brokers = cluster.#resources.use(brokers).servers;
      await mkdir(directory, { recursive: true });
      return cluster;
    } catch (cause) {
      await cluster[Symbol.asyncDispose]();
      throw cause;
    }
  }

  get urls(): readonly string[] {
    return this.brokers.map(({ url }) => url);
  }

  async start(plan: Plan): Promise<void> {
    const hosts: Host[] = [];
    for (let number = 1; number <= plan.pulses; number += 1) hosts.push(await Host.add(number));
    const secret = join(this.#directory, 'raft-secret');
    await writeFile(secret, randomBytes(32).toString('hex'), { mode: 0o600 });
    const common = { cluster: CLUSTER, nats: this.urls.join(','), 'bar-length': String(plan.barLength) };
    const peers = hosts.map((host) => `n${host.number}@${host.address('raft')}:${RAFT_PORT}`).join(',');
    this.pulses = hosts.map((host) =>
      this.#resources.use(
        new LabProcess({
          service: 'pulse',
          name: `n${host.number}`,
          directory: this.#directory,
          host,
          flags: {
            ...common,
            bpm: String(BPM),
            'raft-bind': `${host.address('raft')}:${RAFT_PORT}`,
            'raft-peers': peers,
            'raft-secret-file': secret,
            'data-dir': this.diskOf(`n${host.number}`),
          },
        }),
      ),
    );
    this.reverbs = Array.from({ length: REVERBS }, (_, at) =>
      this.#resources.use(
        new LabProcess({
          service: 'reverb',
          name: `r${at + 1}`,
          directory: this.#directory,
          flags: common,
        }),
      ),
    );
    for (const { name } of this.pulses) await mountSmallDisk(this.diskOf(name), DISK_MEGABYTES);
    await Promise.all([...this.pulses, ...this.reverbs].map((each) => each.start()));
    await this.settled();
  }

  diskOf(name: string): string {
    return join(this.#directory, `disk-${name}`);
  }

  /** Everything runs, is ready, and all pulses follow one leader. */
  async settled(): Promise<void> {
    let problem: unknown = '';
    await until(
      async () => {
        try {
          const ready = [...this.pulses, ...this.reverbs].map((each) => each.get('/ready'));
          await Promise.all(ready);
          return (await this.leader()) !== undefined;
        } catch (cause) {
          problem = cause;
          return false;
        }
      },
      {
        timeoutMs: READY_TIMEOUT_MS,
        everyMs: 50,
        describe: () => `the cluster to be well: ${String(problem)}`,
      },
    );
  }

  /** The pulse that all who answer call their leader. */
  async leader(): Promise<LabProcess | undefined> {
    const answers = await Promise.all(
      this.pulses.map((pulse) =>
        pulse.get<backbeat.PulseStatus>('/api/v1/status').then(
          ({ leader }) => leader,
          () => undefined,
        ),
      ),
    );
    const names = new Set(answers.filter((answer) => answer !== undefined));
    const [name] = names;
    return names.size === 1 ? this.pulses.find((pulse) => pulse.name === name) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
