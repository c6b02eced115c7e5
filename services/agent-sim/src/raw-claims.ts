/** Claims that an honest agent does not send: its voice would refuse to make them, so they go to the stream by hand. */
import { type Fleet, type StoredClaim } from '@whoosh/backbeat-sdk';
import { backbeat } from '@whoosh/contracts';
import { encodeFull, encodeWire, nodeSuffix } from 'hlc-ts';

const encoder = new TextEncoder();

export class RawClaims {
  readonly #fleet: Fleet;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** Stores the body so many times with the same timestamp, that is, the same bytes. Rejects like an honest one. */
  send(agentId: string, body: object, times: number): Promise<StoredClaim>[] {
    const { link, signer } = this.#fleet;
    const timestamp = { ...link.hlc.now(), node: nodeSuffix(agentId) };
    const subject = backbeat.claims.subject.at({ cluster: link.clusterId, agent: agentId });
    const payload = encoder.encode(JSON.stringify({ ...body, hlc: encodeWire(timestamp) }));
    const hlc = encodeFull(timestamp);
    return Array.from({ length: times }, () => link.claims.send({ subject, payload, hlc, signer }, 0));
  }
}
