/** Claims that an honest agent does not send: its voice would refuse to make them, so they go to the stream by hand. */
import { type BeatLink, type StoredClaim } from '@whoosh/backbeat-sdk';
import { backbeat } from '@whoosh/contracts';
import { encodeFull, encodeWire, nodeSuffix } from 'hlc-ts';

const encoder = new TextEncoder();

export class RawClaims {
  readonly #link: BeatLink;

  constructor(link: BeatLink) {
    this.#link = link;
  }

  /** Stores the body so many times with the same timestamp, that is, the same bytes. Rejects like an honest one. */
  send(agentId: string, body: object, times: number): Promise<StoredClaim>[] {
    const timestamp = { ...this.#link.hlc.now(), node: nodeSuffix(agentId) };
    const subject = backbeat.claims.subject.at({ cluster: this.#link.clusterId, agent: agentId });
    const payload = encoder.encode(JSON.stringify({ ...body, hlc: encodeWire(timestamp) }));
    const hlc = encodeFull(timestamp);
    return Array.from({ length: times }, () => this.#link.claims.send({ subject, payload, hlc }, 0));
  }
}
