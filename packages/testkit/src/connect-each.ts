import { connect, type NatsConnection } from '@nats-io/transport-node';

const PING_EVERY_MS = 100;
const CONNECT_TIMEOUT_MS = 2_000;
const RECONNECT_EVERY_MS = 20;

/** A connection to each of these servers and to no other, back as soon as its server is: for who must hear what each of them says. */
export async function connectEach(urls: readonly string[]): Promise<readonly NatsConnection[]> {
  return Promise.all(
    urls.map((url) =>
      connect({
        servers: [url],
        ignoreClusterUpdates: true,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_EVERY_MS,
        pingInterval: PING_EVERY_MS,
        timeout: CONNECT_TIMEOUT_MS,
        waitOnFirstConnect: true,
      }),
    ),
  );
}
