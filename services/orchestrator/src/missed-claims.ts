import { type Consumer, DeliverPolicy } from '@nats-io/jetstream';
import { type Bus } from '@whoosh/bus';
import { backbeat, STREAMS } from '@whoosh/contracts';
import { type Instant } from '@whoosh/stdx';
import { type ClaimTrust, type SaidClaim } from './claim-trust.ts';
import { type HeardClaim } from './domain/agent.ts';
import { heardClaim, readStatusClaim } from './status-claim.ts';

/** Ten minutes at 120 BPM are 1,200 claims of an agent; the oldest of them come first. */
const CLAIMS_EACH_MAX = 2_000;
const FETCH_TIMEOUT_MS = 2_000;
const NANOS_PER_MS = 1_000_000;

export interface MissedClaimsOptions {
  readonly bus: Pick<Bus, 'js'>;
  readonly cluster: string;
  readonly agentId: string;
  readonly since: Instant;
  /** Where signatures are checked; without it every claim is believed. */
  readonly trust?: ClaimTrust | undefined;
}

/**
 * What an agent has said since, as the claims stream kept it, in order. An agent that began and ended its work while
 * nobody listened would otherwise never have worked.
 *
 * @throws when the stream does not answer, or the thread that verifies dies
 */
export async function readMissedClaims(options: MissedClaimsOptions): Promise<HeardClaim[]> {
  const said = await readSaid(options);
  return (await options.trust?.believed(said)) ?? said.map(({ claim }) => claim);
}

async function readSaid({ bus, cluster, agentId, since }: MissedClaimsOptions): Promise<SaidClaim[]> {
  const subject = backbeat.claims.subject.at({ cluster, agent: agentId });
  const consumer = await bus.js.consumers.get(STREAMS.BACKBEAT_CLAIMS.name, {
    filter_subjects: subject,
    deliver_policy: DeliverPolicy.StartTime,
    opt_start_time: new Date(since + 1).toISOString(),
  });
  try {
    const { num_pending: pending } = await consumer.info();
    return pending === 0 ? [] : await readClaims(consumer, agentId, Math.min(pending, CLAIMS_EACH_MAX));
  } finally {
    await consumer.delete();
  }
}

async function readClaims(consumer: Consumer, agentId: string, count: number): Promise<SaidClaim[]> {
  const said: SaidClaim[] = [];
  let read = 0;
  for await (const message of await consumer.fetch({ max_messages: count, expires: FETCH_TIMEOUT_MS })) {
    const claim = readStatusClaim(message.data);
    if (claim?.agent_id === agentId) {
      const storedAt = Math.floor(message.info.timestampNanos / NANOS_PER_MS);
      const { data: payload, headers } = message;
      said.push({ agentId, claim: heardClaim(claim, storedAt), heardAt: storedAt, payload, headers });
    }
    read += 1;
    if (read === count) break;
  }
  return said;
}
