import { type NatsConnection } from '@nats-io/nats-core';

const RETRY_MS = 50;

/**
 * Resolves once the broker knows every subscription. A connection that is lost meanwhile makes them known
 * again by itself, so only a closed one is a failure.
 */
export async function flushed(connection: NatsConnection): Promise<void> {
  for (;;) {
    try {
      await connection.flush();
      return;
    } catch (cause) {
      if (connection.isClosed()) throw cause;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
