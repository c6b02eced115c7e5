import { jetstreamManager } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/nats-core';
import { STREAMS } from '@whoosh/contracts';

/** The two streams that a listener meets. */
export async function makeStreams(connection: NatsConnection, replicas = 1): Promise<void> {
  const jsm = await jetstreamManager(connection);
  await jsm.streams.add({
    name: STREAMS.BACKBEAT_BEATS.name,
    subjects: [...STREAMS.BACKBEAT_BEATS.subjects],
    max_msgs_per_subject: STREAMS.BACKBEAT_BEATS.maxMsgsPerSubject,
    allow_direct: true,
    num_replicas: replicas,
  });
  await jsm.streams.add({
    name: STREAMS.BACKBEAT_CLAIMS.name,
    subjects: [...STREAMS.BACKBEAT_CLAIMS.subjects],
    allow_atomic: true,
    allow_direct: true,
    num_replicas: replicas,
  });
}
