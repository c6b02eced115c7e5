import { setTimeout as wait } from 'node:timers/promises';
import { JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/transport-node';
import { type StreamName } from '@whoosh/contracts';
import { type Log } from '@whoosh/telemetry';

const REPLICAS_MAX = 3;
/** Between two tries, while something is missing. */
const RETRY_MS = 10_000;

/** The broker is no cluster. */
const CODE_REPLICAS_UNSUPPORTED = 10074;
/** Fewer servers have joined the cluster than the stream has replicas; offline ones count as joined. */
const CODE_NO_SUITABLE_PEERS = 10005;
const CODE_STREAM_NOT_FOUND = 10059;

interface Cluster {
  readonly connection: NatsConnection;
  readonly serversConfigured: number;
}

/** One per server up to three; only a cluster can replicate at all, so that a lone broker is asked for one. */
export function replicasWanted({ connection, serversConfigured }: Cluster): number {
  const { info } = connection;
  if (info?.cluster === undefined) return 1;
  const known = Math.max(serversConfigured, info.connect_urls?.length ?? 1);
  return Math.min(REPLICAS_MAX, known);
}

/** Whether more than one replica was refused, and whether time may change that. */
export function replicasRefused(cause: unknown): 'until_joined' | 'for_ever' | undefined {
  if (!(cause instanceof JetStreamApiError)) return undefined;
  if (cause.code === CODE_NO_SUITABLE_PEERS) return 'until_joined';
  return cause.code === CODE_REPLICAS_UNSUPPORTED ? 'for_ever' : undefined;
}

export interface ReplicaRaiserOptions extends Cluster {
  readonly jsm: JetStreamManager;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Brings streams to the replicas that are wanted, as soon as the cluster has the servers for them: a broker that was late at
 * the first start, or one that was added, is not left without its copy. Never takes replicas away, and holds nobody up:
 * a stream with fewer works.
 */
export class ReplicaRaiser {
  readonly #options: ReplicaRaiserOptions;
  readonly #names = new Set<StreamName>();
  readonly #warned = new Set<StreamName>();
  #wanted = 0;
  #isRunning = false;

  constructor(options: ReplicaRaiserOptions) {
    this.#options = options;
  }

  /** From now on these streams are looked after. */
  add(names: readonly StreamName[]): void {
    for (const name of names) this.#names.add(name);
    this.#start();
  }

  /** To be called when the servers of the cluster may be others than before. */
  serversChanged(): void {
    const wanted = replicasWanted(this.#options);
    if (wanted > this.#wanted) this.#start();
    this.#wanted = wanted;
  }

  #start(): void {
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    this.#isRunning = true;
    while (!signal.aborted) {
      let short = 0;
      // A stream that is added meanwhile comes last, and is still seen.
      for (const name of this.#names) if (!(await this.#raise(name))) short += 1;
      if (short === 0) break;
      await wait(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
    this.#isRunning = false;
  }

  /** True when the stream has what is wanted. */
  async #raise(stream: StreamName): Promise<boolean> {
    const { jsm, log, signal } = this.#options;
    const wanted = replicasWanted(this.#options);
    if (wanted === 1) return true;
    try {
      const { config } = await jsm.streams.info(stream);
      if (config.num_replicas >= wanted) return true;
      await jsm.streams.update(stream, { num_replicas: wanted });
      log.info({ stream, before: config.num_replicas, replicas: wanted }, 'stream has more replicas now');
      this.#warned.delete(stream);
      return true;
    } catch (cause) {
      if (signal.aborted) return false;
      if (isHopeless(cause)) return true;
      const level = this.#warned.has(stream) ? 'debug' : 'warn';
      log[level]({ err: cause, stream, replicas: wanted }, 'the stream cannot have its replicas yet');
      this.#warned.add(stream);
      return false;
    }
  }
}

/** No cluster, or the stream was taken away: there is nothing to raise. */
function isHopeless(cause: unknown): boolean {
  if (replicasRefused(cause) === 'for_ever') return true;
  return cause instanceof JetStreamApiError && cause.code === CODE_STREAM_NOT_FOUND;
}
