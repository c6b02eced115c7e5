import { type Msg, type NatsConnection } from '@nats-io/nats-core';
import { backbeat, STREAMS } from '@whoosh/contracts';

const TIMEOUT_MS = 2_000;

/**
 * The last stored frame of a cluster, for a listener that joins between two beats: a direct get, the only
 * right on JetStream that an agent needs for it. Nothing when there is none, or no stream to ask.
 */
export async function currentFrame(
  connection: NatsConnection,
  clusterId: string,
): Promise<Pick<Msg, 'data' | 'headers'> | undefined> {
  const subject = backbeat.beats.subject.at({ cluster: clusterId });
  try {
    const reply = await connection.request(
      `$JS.API.DIRECT.GET.${STREAMS.BACKBEAT_BEATS.name}.${subject}`,
      '',
      { timeout: TIMEOUT_MS },
    );
    // A status line instead of a message: 404, nothing stored yet.
    return reply.headers?.hasError === true || reply.data.length === 0 ? undefined : reply;
  } catch {
    // Live frames are heard all the same; the stored one only saves the wait for the next.
    return undefined;
  }
}
