import { setTimeout as wait } from 'node:timers/promises';
import { type NatsConnection } from '@nats-io/nats-core';
import { connect as connectNats, type NodeConnectionOptions } from '@nats-io/transport-node';
import { backbeat } from '@whoosh/contracts';
import { type BeatLink } from './beat-link.ts';

/** So many frames that only the second connection brought, and the first one is deaf: its server stands still. */
const DEAF_FRAMES = 3;
const DIAL_TIMEOUT_MS = 2_000;
const AGAIN_MS = 250;
const APART_POLL_MS = 100;

export interface SecondEarOptions {
  readonly link: BeatLink;
  readonly servers: readonly string[];
  readonly options: NodeConnectionOptions;
  /** Makes the first connection leave its server; called when it is deaf. */
  readonly onDeaf: () => void;
}

/**
 * A connection to another server than the link's own, that hears the same frames: while one server dies or stands
 * still, no beat is lost. It keeps to its server and is made anew, to another one, when that is lost, or when the first
 * connection has come to the same.
 */
export class SecondEar implements AsyncDisposable {
  readonly #options: SecondEarOptions;
  readonly #ending = new AbortController();
  readonly #ended: Promise<void>;
  readonly #tried = Promise.withResolvers<void>();
  #connection: NatsConnection | undefined;

  private constructor(options: SecondEarOptions) {
    this.#options = options;
    this.#ended = this.#listen();
  }

  /** Resolves when it listens, or was tried at every server: without another one the first connection has to do. */
  static async open(options: SecondEarOptions): Promise<SecondEar> {
    const ear = new SecondEar(options);
    await ear.#tried.promise;
    return ear;
  }

  get isListening(): boolean {
    return this.#connection !== undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#connection?.close();
    await this.#ended;
  }

  async #listen(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      for (const server of this.#options.servers) {
        if (signal.aborted) return;
        await this.#listenAt(server);
      }
      this.#tried.resolve();
      await wait(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Until that server is lost, or the first connection is there too. */
  async #listenAt(server: string): Promise<void> {
    const { link, options } = this.#options;
    const connection = await connectNats({
      ...options,
      servers: [server],
      ignoreClusterUpdates: true,
      waitOnFirstConnect: false,
      reconnect: false,
      timeout: DIAL_TIMEOUT_MS,
    }).catch(() => undefined);
    if (connection === undefined) return;
    try {
      if (this.#ending.signal.aborted || isSameServer(connection, link.connection)) return;
      connection.subscribe(backbeat.beats.subject.at({ cluster: link.clusterId }), {
        callback: (failure, message) => {
          if (failure === null) this.#hear(message);
        },
      });
      await connection.flush();
      this.#connection = connection;
      this.#tried.resolve();
      while (!connection.isClosed() && !isSameServer(connection, link.connection)) {
        await wait(APART_POLL_MS, undefined, { signal: this.#ending.signal });
      }
    } catch {
      // It was lost, or is not wanted any more; the loop knows which.
    } finally {
      this.#connection = undefined;
      await connection.close();
    }
  }

  #hear(message: Parameters<BeatLink['hearAlso']>[0]): void {
    const { link, onDeaf } = this.#options;
    link.hearAlso(message);
    if (link.unheardFrames > 0 && link.unheardFrames % DEAF_FRAMES === 0 && link.isConnected) onDeaf();
  }
}

function isSameServer(left: NatsConnection, right: NatsConnection): boolean {
  return left.info?.server_id === right.info?.server_id;
}
