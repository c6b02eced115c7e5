import { type Bus, connectBus } from '@whoosh/bus';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog } from '@whoosh/testkit';

/**
 * A connection of the bench itself, to look at streams and to speak for agents. With the profile `agent` it is patient: who
 * computes for long while it reads must not lose its connection over unanswered pings, and read again and again.
 */
export function openBenchBus(
  servers: string | readonly string[],
  profile: 'beat' | 'agent' = 'beat',
): Promise<Bus> {
  return connectBus({
    servers,
    service: 'bench',
    profile,
    log: quietLog(),
    registry: newRegistry('bench'),
  });
}
