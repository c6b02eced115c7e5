/**
 * A small network inside a private set of Linux namespaces: one host per pulse, with three cables: to its peers, to the brokers, and to
 * us. Nothing of it is visible outside, and all of it is gone with the process that entered, however that ends.
 */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Cable = 'raft' | 'nats' | 'admin';
const CABLES = { raft: '10.77.0', nats: '10.77.1', admin: '10.77.2' } as const;
/** The address of the brokers, and of everything else that is not in a host of its own. */
export const BROKER_ADDRESS = `${CABLES.nats}.1`;
const HOST_OFFSET = 10;

async function ip(...args: readonly string[]): Promise<void> {
  await run('ip', args);
}

/** One switch per kind of cable. Named namespaces are files, which a private file system keeps to us. */
export async function layNetwork(): Promise<void> {
  await mkdir('/run/netns', { recursive: true });
  await run('mount', ['-t', 'tmpfs', 'none', '/run/netns']);
  await ip('link', 'set', 'lo', 'up');
  for (const [cable, prefix] of Object.entries(CABLES)) {
    await ip('link', 'add', `switch-${cable}`, 'type', 'bridge');
    await ip('address', 'add', `${prefix}.1/24`, 'dev', `switch-${cable}`);
    await ip('link', 'set', `switch-${cable}`, 'up');
  }
}

/** A host of the network; `number` counts from 1. */
export class Host {
  readonly number: number;
  readonly name: string;

  private constructor(number: number) {
    this.number = number;
    this.name = `h${number}`;
  }

  static async add(number: number): Promise<Host> {
    const host = new Host(number);
    await ip('netns', 'add', host.name);
    await ip('-n', host.name, 'link', 'set', 'lo', 'up');
    for (const cable of Object.keys(CABLES) as Cable[]) {
      const end = host.#end(cable);
      await ip('link', 'add', end, 'type', 'veth', 'peer', 'name', cable, 'netns', host.name);
      await ip('link', 'set', end, 'master', `switch-${cable}`, 'up');
      await ip('-n', host.name, 'address', 'add', `${host.address(cable)}/24`, 'dev', cable);
      await ip('-n', host.name, 'link', 'set', cable, 'up');
    }
    return host;
  }

  address(cable: Cable): string {
    return `${CABLES[cable]}.${HOST_OFFSET + this.number}`;
  }

  /** How a program is started on this host; the process that results is the program itself. */
  command(
    file: string,
    args: readonly string[],
  ): { readonly file: string; readonly args: readonly string[] } {
    return { file: 'ip', args: ['netns', 'exec', this.name, file, ...args] };
  }

  async pull(cable: Cable): Promise<void> {
    await ip('link', 'set', this.#end(cable), 'down');
  }

  async plug(cable: Cable): Promise<void> {
    await ip('link', 'set', this.#end(cable), 'up');
  }

  /** What this host says to the others is lost; it still hears them. */
  async mute(others: readonly Host[]): Promise<void> {
    for (const other of others) await this.#blackhole('add', other);
  }

  async unmute(others: readonly Host[]): Promise<void> {
    for (const other of others) await this.#blackhole('delete', other);
  }

  async #blackhole(verb: 'add' | 'delete', other: Host): Promise<void> {
    await ip('-n', this.name, 'route', verb, 'blackhole', `${other.address('raft')}/32`);
  }

  #end(cable: Cable): string {
    return `${this.name}-${cable}`;
  }
}

/** A disk of few megabytes, which can be filled. */
export async function mountSmallDisk(directory: string, megabytes: number): Promise<void> {
  await mkdir(directory, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'none', directory]);
}
