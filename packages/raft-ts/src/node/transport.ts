import { type Message, type NodeId } from '../message.ts';

export interface TransportEvents {
  readonly onMessage: (message: Message) => void;
  /** The connection on which this peer spoke has closed: most likely its process is gone. */
  readonly onPeerSilent: (id: NodeId) => void;
  /** The connection to this peer has closed: what was sent last may be lost. */
  readonly onPeerUnreachable: (id: NodeId) => void;
}

/** What the network has seen, counted since the start. */
export interface TransportCounters {
  readonly framesIn: number;
  readonly framesOut: number;
  /** Messages dropped because a peer was not connected or too slow. */
  readonly dropped: number;
  /** Connections closed for what came in on them, by reason; `turned_away`: the peer closed without proving itself. */
  readonly refused: Readonly<Record<string, number>>;
  readonly connects: number;
}

/** Best-effort delivery: it may lose, repeat and reorder, but does not forge. */
export interface Transport extends AsyncDisposable {
  readonly counters: TransportCounters;
  readonly address: { readonly host: string; readonly port: number } | undefined;
  send(message: Message): void;
  /** Whether this node can speak to the peer at the moment; a peer that stands still may be connected. */
  isConnected(id: NodeId): boolean;
}

/** The network of a cluster of one. */
export const NO_TRANSPORT: Transport = {
  counters: { framesIn: 0, framesOut: 0, dropped: 0, refused: {}, connects: 0 },
  address: undefined,
  send: () => undefined,
  isConnected: () => false,
  [Symbol.asyncDispose]: async () => undefined,
};
