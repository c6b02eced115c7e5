import { type AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:http';
import { type Clock } from '@whoosh/stdx';
import { Admin } from './admin.ts';
import { DeliveryQueue, type DeliveryRecord } from './delivery/queue.ts';
import { emptyState, type State } from './domain/model.ts';
import { Faults } from './faults.ts';
import { createApp } from './http/app.ts';
import { readState, StateFile } from './state-file.ts';
import { World } from './world.ts';

/** Gitea's own values: deliveries leave a moment after the change, and give a receiver five seconds. */
const DELIVERY_DELAY_MS = 200;
const DELIVERY_TIMEOUT_MS = 5_000;

export interface StandinOptions {
  /** 0 takes a free port. */
  readonly port?: number;
  readonly host?: string;
  /** ROOT_URL; every URL in an answer is built from it. The address that is listened on when left out. */
  readonly rootUrl?: string;
  /** The user in a repository's ssh_url. */
  readonly sshUser?: string;
  /** Called once with the running server, before its address is given out. */
  readonly seed?: (standin: Standin) => void;
  /** Where the state is kept over restarts; in memory alone when left out. */
  readonly stateFile?: string;
  readonly clock?: Clock;
  readonly deliveryDelayMs?: number;
  readonly deliveryTimeoutMs?: number;
}

export interface Standin extends AsyncDisposable {
  /** The address that is listened on, without a slash at its end. */
  readonly url: string;
  readonly admin: Admin;
  readonly faults: Faults;
  /** Everything it remembers; to be read, and changed through `admin` alone. */
  readonly state: Readonly<State>;
  /** Requests by "METHOD route", for example "GET /repos/:owner/:repo/issues". */
  requestCount(route: string): number;
  deliveries(): readonly DeliveryRecord[];
  /** Resolves when no delivery is waiting to be sent. */
  deliveriesIdle(): Promise<void>;
}

export async function startGiteaStandin(options: StandinOptions = {}): Promise<Standin> {
  const server = createServer();
  const url = await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');
  const clock = options.clock ?? { now: () => Date.now() };
  const state = options.stateFile === undefined ? emptyState() : readState(options.stateFile);
  const file = options.stateFile === undefined ? null : new StateFile(options.stateFile, state);
  const faults = new Faults();
  const counts = new Map<string, number>();
  const queue = new DeliveryQueue({
    delayMs: options.deliveryDelayMs ?? DELIVERY_DELAY_MS,
    timeoutMs: options.deliveryTimeoutMs ?? DELIVERY_TIMEOUT_MS,
    faults,
    onAttempt: (hook) => {
      hook.updatedS = Math.floor(clock.now() / 1000);
    },
  });
  const rootUrl = (options.rootUrl ?? url).replace(/\/*$/, '/');
  const world = new World({
    state,
    site: { rootUrl, sshUser: options.sshUser ?? 'git' },
    clock,
    queue,
    file,
  });
  const standin: Standin = {
    url,
    admin: new Admin(world),
    faults,
    state,
    requestCount: (route) => counts.get(route) ?? 0,
    deliveries: () => queue.records(),
    deliveriesIdle: () => queue.idle(),
    async [Symbol.asyncDispose]() {
      await close(server);
      await queue[Symbol.asyncDispose]();
      file?.[Symbol.dispose]();
    },
  };
  options.seed?.(standin);
  server.on('request', createApp({ world, queue, faults, counts }));
  return standin;
}

function listen(server: Server, port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const { address, family, port: chosen } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${chosen}`);
    });
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
