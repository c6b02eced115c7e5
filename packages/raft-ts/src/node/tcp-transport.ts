import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Message, type NodeId } from '../message.ts';
import { type TlsFiles } from './driver-options.ts';
import { Inbound, INTRODUCTION_TIMEOUT_MS } from './inbound.ts';
import { type Membership } from './membership.ts';
import { Outbound } from './outbound.ts';
import { type Secrets } from './secrets.ts';
import { type Transport, type TransportCounters, type TransportEvents } from './transport.ts';

export interface TcpOptions {
  readonly membership: Membership;
  readonly node: string;
  readonly bind: { readonly host: string; readonly port: number };
  readonly secrets: Secrets;
  readonly tls: TlsFiles | undefined;
  readonly maxFrameBytes: number;
  readonly events: TransportEvents;
}

const CONNECTIONS_MAX = 256;
const MUTUAL = { requestCert: true, rejectUnauthorized: true, handshakeTimeout: INTRODUCTION_TIMEOUT_MS };

/** One connection to each peer for what this node says, one from each for what it hears. */
export class TcpTransport implements Transport {
  readonly #options: TcpOptions;
  readonly #server: Server;
  readonly #outbound = new Map<NodeId, Outbound>();
  readonly #inbound = new Set<Inbound>();
  readonly #speaking = new Map<NodeId, Inbound>();
  readonly #refused: Record<string, number> = {};
  #framesIn = 0;
  #framesOut = 0;
  #dropped = 0;
  #connects = 0;
  #closed = false;

  private constructor(options: TcpOptions) {
    this.#options = options;
    const accept = (socket: Socket): void => this.#accept(socket);
    this.#server =
      options.tls === undefined
        ? createTcpServer({ noDelay: true }, accept)
        : createTlsServer({ ...options.tls, ...MUTUAL, noDelay: true }, accept);
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('tlsClientError', () => this.#refuse('tls'));
  }

  /** Listens, and starts to dial. Throws when the address is taken. */
  static async listen(options: TcpOptions): Promise<TcpTransport> {
    const transport = new TcpTransport(options);
    transport.#server.listen(options.bind.port, options.bind.host);
    await once(transport.#server, 'listening');
    for (const id of options.membership.ids) transport.#dial(id);
    return transport;
  }

  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  get counters(): TransportCounters {
    return {
      framesIn: this.#framesIn,
      framesOut: this.#framesOut,
      dropped: this.#dropped,
      refused: { ...this.#refused },
      connects: this.#connects,
    };
  }

  send(message: Message): void {
    if (this.#outbound.get(message.to)?.send(message) === true) this.#framesOut += 1;
    else this.#dropped += 1;
  }

  isConnected(id: NodeId): boolean {
    return this.#outbound.get(id)?.isOpen === true;
  }

  #refuse(reason: string): void {
    this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
  }

  #dial(id: NodeId): void {
    const { membership, node, events, secrets, tls } = this.#options;
    const peer = membership.peers[id - 1];
    if (peer === undefined || peer.name === node) return;
    const outbound = new Outbound({
      peer,
      from: node,
      digest: membership.digest(),
      secrets,
      tls,
      onConnected: () => {
        this.#connects += 1;
      },
      onClosed: () => events.onPeerUnreachable(id),
      onRefused: (reason) => this.#refuse(reason),
    });
    this.#outbound.set(id, outbound);
  }

  #accept(socket: Socket): void {
    const { membership, node, secrets, tls, maxFrameBytes, events } = this.#options;
    let speaker: NodeId | undefined;
    const inbound = new Inbound({
      socket,
      node,
      membership,
      secrets,
      namedByCertificate: tls !== undefined,
      maxFrameBytes,
      onSpeaker: (id) => {
        speaker = id;
        this.#speaking.set(id, inbound);
        this.#outbound.get(id)?.peerSpeaks();
      },
      onMessage: (message) => {
        this.#framesIn += 1;
        events.onMessage(message);
      },
      onRefused: (reason) => this.#refuse(reason),
      onClosed: () => {
        this.#inbound.delete(inbound);
        if (speaker === undefined || this.#speaking.get(speaker) !== inbound) return;
        this.#speaking.delete(speaker);
        if (!this.#closed) events.onPeerSilent(speaker);
      },
    });
    this.#inbound.add(inbound);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const outbound of this.#outbound.values()) outbound.close();
    for (const inbound of this.#inbound) inbound.close();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}
