import { type Bus, connectBus } from '@whoosh/bus';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog } from '@whoosh/testkit';

/** A connection of the bench itself, to look at streams and to speak for agents. */
export function openBenchBus(servers: string | readonly string[]): Promise<Bus> {
  return connectBus({
    servers,
    service: 'bench',
    profile: 'beat',
    log: quietLog(),
    registry: newRegistry('bench'),
  });
}
