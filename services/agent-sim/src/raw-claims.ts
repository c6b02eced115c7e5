/** Claims that an honest agent does not send: the link would refuse to make them, so they go out by hand. */
import { headers } from '@nats-io/nats-core';
import { type Beat, type BeatLink } from '@whoosh/backbeat-sdk';
import { backbeat, HEADERS } from '@whoosh/contracts';
import { encodeFull, encodeWire, nodeSuffix } from 'hlc-ts';
import { type Claim, type Lie } from './domain/sim-agent.ts';

const FUTURE_BEATS = 100;
const STRANGER = 'somebody-else';

export class RawClaims {
  readonly #link: BeatLink;
  readonly #encoder = new TextEncoder();

  constructor(link: BeatLink) {
    this.#link = link;
  }

  /** A valid claim, the same bytes twice. */
  duplicate(agentId: string, claim: Claim, beat: Beat): void {
    this.#send(agentId, { ...claim, agent_id: agentId, beat_index: beat.index }, 2);
  }

  /** A claim for the last beat of the bar before; for the present beat when there is none. */
  late(agentId: string, claim: Claim, beat: Beat): void {
    const beat_index = beat.windowFrom > 0 ? beat.windowFrom - 1 : beat.index;
    this.#send(agentId, { ...claim, agent_id: agentId, beat_index }, 1);
  }

  lie(agentId: string, claim: Claim, beat: Beat, lie: Lie): void {
    const body = { ...claim, agent_id: agentId, beat_index: beat.index };
    const lies: Record<Lie, object> = {
      future_beat: { ...body, beat_index: beat.index + FUTURE_BEATS },
      foreign_agent: { ...body, agent_id: STRANGER },
      broken_schema: { ...body, state: 'dancing', progress: 7 },
    };
    this.#send(agentId, lies[lie], 1);
  }

  #send(agentId: string, body: object, times: number): void {
    const timestamp = { ...this.#link.hlc.now(), node: nodeSuffix(agentId) };
    const subject = backbeat.claims.subject.at({ cluster: this.#link.clusterId, agent: agentId });
    const claim = { type: 'backbeat.statusclaim.v1', ...body, hlc: encodeWire(timestamp) };
    const payload = this.#encoder.encode(JSON.stringify(claim));
    for (let sent = 0; sent < times; sent += 1) {
      const head = headers();
      head.set(HEADERS.hlc, encodeFull(timestamp));
      this.#link.connection.publish(subject, payload, { headers: head });
    }
  }
}
