import { collectDefaultMetrics, Registry } from 'prom-client';

/** The metrics of one process: those of Node itself, and a label `service` on every line. */
export function newRegistry(service: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}
