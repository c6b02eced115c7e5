import { connect, headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { addSignature, type Signer } from '@whoosh/backbeat-sdk/keys';
import { RoundTrip } from './round-trip.ts';

/** As measured: a dead server is left within 50 ms, a frozen one within half a second, and none is given up. */
const BEAT_PROFILE = {
  timeout: 150,
  pingInterval: 100,
  maxPingOut: 2,
  reconnectTimeWait: 20,
  reconnectJitter: 20,
  waitOnFirstConnect: true,
  maxReconnectAttempts: -1,
  ignoreAuthErrorAbort: true,
} as const;

/** A beat that the other connection has not heard by then is said again there. */
export const HEDGE_MS = 10;

const ENCODER = new TextEncoder();

export interface WiresOptions {
  readonly servers: readonly string[];
  readonly auth: { readonly user: string; readonly pass: string } | undefined;
  readonly name: string;
  readonly subject: string;
  /** Signs what is said, when there is a key. */
  readonly signer: Signer | undefined;
  readonly onHeard: (message: Msg) => void;
  readonly onHedged: () => void;
  readonly onReconnected: (server: string) => void;
  readonly onDisconnected: (server: string) => void;
}

export interface Wire {
  readonly servers: readonly string[];
  connection: NatsConnection | undefined;
  roundTrip: RoundTrip | undefined;
  isConnected: boolean;
  server: string;
}

interface Waiting {
  readonly messageId: string;
  readonly listener: Wire;
  readonly timer: NodeJS.Timeout;
}

/**
 * The connections that beats travel on: one, or two to different servers. The first publishes, the second listens
 * there and, when a beat does not arrive, publishes the same bytes and takes the lead (decided by hearing, because
 * a frozen server still accepts what is written to it).
 */
export class BeatWires {
  readonly #options: WiresOptions;
  readonly #wires: readonly Wire[];
  #first = 0;
  #waiting: Waiting | undefined;
  #closed = false;

  constructor(options: WiresOptions) {
    this.#options = options;
    this.#wires = divide(options.servers).map((servers) => ({
      servers,
      connection: undefined,
      roundTrip: undefined,
      isConnected: false,
      server: servers[0] ?? '',
    }));
    for (const wire of this.#wires) void this.#open(wire);
  }

  get isConnected(): boolean {
    return this.#wires.some((wire) => wire.isConnected);
  }

  get states(): readonly { readonly server: string; readonly connected: boolean }[] {
    return this.#wires.map(({ server, isConnected }) => ({ server, connected: isConnected }));
  }

  /** What a beat takes from a leader to this node, when both are about as far from their brokers; 0 when unknown. */
  get deliveryMs(): number {
    const trips = this.#wires.map((wire) => (wire.isConnected ? wire.roundTrip?.ms : undefined));
    const known = trips.filter((ms) => ms !== undefined);
    return known.length === 0 ? 0 : Math.min(...known);
  }

  /** Says the beat on one connection, and makes sure that it is heard on the other. False when nobody can be told. */
  publish(payload: string, hlc: string, messageId: string): boolean {
    const [speaker, listener] = this.#pair();
    if (speaker?.connection === undefined) return false;
    const head = headers();
    head.set('Nats-Msg-Id', messageId);
    head.set('Backbeat-Hlc', hlc);
    const bytes = ENCODER.encode(payload);
    addSignature(this.#options.signer, bytes, head);
    const say = ({ connection }: Wire): void =>
      connection?.publish(this.#options.subject, bytes, { headers: head });
    say(speaker);
    clearTimeout(this.#waiting?.timer);
    this.#waiting = undefined;
    if (listener === undefined) return true;
    const timer = setTimeout(() => {
      this.#waiting = undefined;
      if (!listener.isConnected) return;
      say(listener);
      this.#first = this.#wires.indexOf(listener);
      this.#options.onHedged();
    }, HEDGE_MS);
    this.#waiting = { messageId, listener, timer };
    return true;
  }

  /** Who speaks, and who listens on another server when there is one. */
  #pair(): readonly [Wire | undefined, Wire | undefined] {
    const first = this.#wires[this.#first];
    const others = this.#wires.filter((wire) => wire !== first && wire.isConnected);
    if (first?.isConnected === true) return [first, others[0]];
    const [speaker] = others;
    if (speaker !== undefined) this.#first = this.#wires.indexOf(speaker);
    return [speaker, undefined];
  }

  async #open(wire: Wire): Promise<void> {
    const { auth, name, subject } = this.#options;
    const connection = await connect({
      ...BEAT_PROFILE,
      name,
      servers: [...wire.servers],
      // Each connection keeps to its own servers, or both might end on the same.
      ignoreClusterUpdates: this.#wires.length > 1,
      noRandomize: true,
      ...auth,
    });
    if (this.#closed) {
      await connection.close();
      return;
    }
    wire.connection = connection;
    wire.roundTrip = new RoundTrip(connection);
    connection.subscribe(subject, {
      callback: (failure, message) => {
        if (failure === null) this.#heard(wire, message);
      },
    });
    this.#connected(wire, connection, true);
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.#connected(wire, connection, false);
      else if (status.type === 'reconnect') this.#connected(wire, connection, true);
    }
    this.#connected(wire, connection, false);
  }

  #connected(wire: Wire, connection: NatsConnection, isConnected: boolean): void {
    if (wire.isConnected === isConnected) return;
    wire.isConnected = isConnected;
    if (isConnected) wire.server = connection.getServer();
    if (this.#closed) return;
    if (isConnected) this.#options.onReconnected(wire.server);
    else this.#options.onDisconnected(wire.server);
  }

  #heard(wire: Wire, message: Msg): void {
    const waiting = this.#waiting;
    if (waiting?.listener === wire && message.headers?.get('Nats-Msg-Id') === waiting.messageId) {
      clearTimeout(waiting.timer);
      this.#waiting = undefined;
    }
    this.#options.onHeard(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#waiting?.timer);
    await Promise.all(
      this.#wires.map(async ({ connection, roundTrip, isConnected }) => {
        roundTrip?.[Symbol.dispose]();
        if (isConnected) await connection?.flush().catch(() => undefined);
        await connection?.close();
      }),
    );
  }
}

/** Two connections with servers of their own where there are two servers. */
function divide(servers: readonly string[]): readonly (readonly string[])[] {
  if (servers.length < 2) return [servers];
  return [servers.filter((_, at) => at % 2 === 0), servers.filter((_, at) => at % 2 === 1)];
}
