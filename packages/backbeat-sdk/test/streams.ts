import { jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { type NatsConnection } from '@nats-io/nats-core';
import { STREAMS } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';

/** The two streams that a listener meets. A cluster that has just begun may not yet know all of its servers. */
export async function makeStreams(connection: NatsConnection, replicas = 1): Promise<void> {
  const jsm = await jetstreamManager(connection);
  const make = (config: Partial<StreamConfig> & { name: string }) =>
    until(() => jsm.streams.add({ ...config, num_replicas: replicas }), { describe: config.name });
  await make({
    name: STREAMS.BACKBEAT_BEATS.name,
    subjects: [...STREAMS.BACKBEAT_BEATS.subjects],
    max_msgs_per_subject: STREAMS.BACKBEAT_BEATS.maxMsgsPerSubject,
    allow_direct: true,
  });
  await make({
    name: STREAMS.BACKBEAT_CLAIMS.name,
    subjects: [...STREAMS.BACKBEAT_CLAIMS.subjects],
    allow_atomic: true,
    allow_direct: true,
  });
}
