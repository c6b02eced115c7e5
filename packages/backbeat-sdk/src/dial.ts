import { setTimeout as wait } from 'node:timers/promises';
import { errors, type NatsConnection } from '@nats-io/nats-core';
import { connect as connectNats, type NodeConnectionOptions } from '@nats-io/transport-node';

/** Between two rounds over all servers, where the options say nothing else. */
const AGAIN_MS = 1_000;

export interface DialOptions {
  readonly servers: readonly string[];
  readonly how: NodeConnectionOptions;
  /** Told after each round in which no server took the connection. */
  readonly onAway: (reason: string) => void;
}

/**
 * A first connection, tried until it comes, unless `how` says not to wait. The client could do that itself, but keeps the
 * reason to itself then. Rejects at once for what no patience mends, such as an address that is none.
 */
export async function dial({ servers, how, onAway }: DialOptions): Promise<NatsConnection> {
  for (;;) {
    try {
      return await connectNats({ ...how, servers: [...servers], waitOnFirstConnect: false });
    } catch (cause) {
      if (how.waitOnFirstConnect === false || isForGood(cause)) throw cause;
      onAway(cause instanceof Error ? cause.message.toLowerCase() : String(cause));
    }
    await wait(how.reconnectDelayHandler?.() ?? AGAIN_MS);
  }
}

function isForGood(cause: unknown): boolean {
  return cause instanceof TypeError || cause instanceof errors.InvalidArgumentError;
}

/** How servers are named to people. Credentials that an address holds against all advice are not repeated. */
export function namesOf(servers: readonly string[]): string {
  return servers.map((server) => server.replace(/^([a-z]+:\/\/)?.*@/, '$1')).join(', ');
}
