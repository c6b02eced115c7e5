import { Registry } from '@whoosh/telemetry';
import { quietLog } from '@whoosh/testkit';
import { type Bus, connectBus } from '../src/index.ts';

/** A bus for a test, with a registry of its own to ask. */
export async function openBus(url: string, service = 'council'): Promise<Bus & { registry: Registry }> {
  const registry = new Registry();
  const bus = await connectBus({ servers: url, service, profile: 'beat', log: quietLog(), registry });
  return Object.assign(bus, { registry });
}
