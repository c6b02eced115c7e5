import { DeliverPolicy } from '@nats-io/jetstream';
import { type Bus } from '@whoosh/bus';
import { STREAMS } from '@whoosh/contracts';

const STREAM = STREAMS.BACKBEAT_CLAIMS.name;
const FETCH_MAX = 5_000;
const FETCH_EXPIRES_MS = 5_000;

/** Claims of a cluster that are stored, by agent; one that was stored twice counts once. */
export async function storedClaims(bus: Bus, cluster: string): Promise<ReadonlyMap<string, number>> {
  const consumer = await bus.js.consumers.get(STREAM, {
    filter_subjects: `backbeat.${cluster}.claim.*`,
    deliver_policy: DeliverPolicy.All,
  });
  let { num_pending: left } = await consumer.info();
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  while (left > 0) {
    for await (const message of await consumer.fetch({
      max_messages: Math.min(left, FETCH_MAX),
      expires: FETCH_EXPIRES_MS,
    })) {
      const { agent_id, beat_index, hlc } = message.json<{
        agent_id: string;
        beat_index: number;
        hlc: string;
      }>();
      left = message.info.pending;
      const key = `${agent_id} ${beat_index} ${hlc}`;
      if (seen.has(key)) continue;
      seen.add(key);
      counts.set(agent_id, (counts.get(agent_id) ?? 0) + 1);
    }
  }
  return counts;
}
