import { createHash } from 'node:crypto';
import { type NodeId } from '../message.ts';

/** A voter as operators know it. `host` and `port` are where the others reach it. */
export interface Peer {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Names to ids and back: the id is the rank of the name, the same on every node that has the same list. */
export class Membership {
  readonly peers: readonly Peer[];
  readonly #clusterId: string;

  constructor(clusterId: string, peers: readonly Peer[]) {
    this.#clusterId = clusterId;
    this.peers = peers.toSorted((left, right) => (left.name < right.name ? -1 : 1));
    const names = this.peers.map((peer) => peer.name);
    if (new Set(names).size !== names.length) throw new Error('raft peers must have different names');
    if (names.some((name) => !/^[\w.:-]{1,128}$/.test(name))) {
      throw new Error('a raft peer is named by 1 to 128 letters, digits or ._:-');
    }
  }

  get ids(): readonly NodeId[] {
    return this.peers.map((_, position) => position + 1);
  }

  idOf(name: string): NodeId {
    const position = this.peers.findIndex((peer) => peer.name === name);
    if (position === -1) throw new Error(`raft peers do not include ${name}`);
    return position + 1;
  }

  /** `undefined` for id 0, nobody. */
  nameOf(id: NodeId): string | undefined {
    return this.peers[id - 1]?.name;
  }

  /** Equal on nodes that may talk to each other: same cluster, same voters. */
  digest(): Buffer {
    const names = this.peers.map((peer) => peer.name);
    return createHash('sha256')
      .update(JSON.stringify([this.#clusterId, names]))
      .digest();
  }

  /** Place in the queue of those who stand when `leader` is lost: 0 stands first. */
  rankAfter(leader: NodeId, own: NodeId): number {
    return this.ids.filter((id) => id !== leader).indexOf(own);
  }
}
