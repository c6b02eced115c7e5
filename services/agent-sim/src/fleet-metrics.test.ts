import { readFileSync } from 'node:fs';
import { Registry } from '@whoosh/telemetry';
import { expect, test } from 'vitest';
import { type FleetFigures } from './fleet-figures.ts';
import { FleetMetrics } from './fleet-metrics.ts';
import { SimMetrics } from './metrics.ts';

const figures = (times: number): FleetFigures => ({
  agents: 40,
  beats: times,
  said: { honest: 40 * times, duplicate: 2 * times, late: 3 * times, lie: 5 * times },
  silent: 6 * times,
  held: 7 * times,
  sent: 52 * times,
  stored: 50 * times,
  lost: times,
  waiting: times,
  completed: 8 * times,
  failed: 9 * times,
});

/** The values of all metrics, by name and labels, after figures were told so often. */
async function told(...times: number[]): Promise<Record<string, number>> {
  const registry = new Registry();
  const metrics = new FleetMetrics(new SimMetrics(registry), registry);
  for (const each of times) metrics.tell(figures(each));
  metrics.stored(20);
  const lines = (await registry.metrics()).split('\n').filter((line) => /^[a-z]/.test(line));
  return Object.fromEntries(
    lines.map((line) => line.split(' ')).map(([name, value]) => [name, Number(value)]),
  );
}

test('figures that are told again and again are counted once', async () => {
  expect(await told(1, 1, 2, 3)).toEqual(await told(3));
});

test('every figure has its metric', async () => {
  expect(await told(2)).toMatchObject({
    agent_sim_agents: 40,
    agent_sim_beats_total: 2,
    agent_sim_beats_silent_total: 12,
    'agent_sim_claims_total{way="honest"}': 80,
    'agent_sim_claims_total{way="duplicate"}': 4,
    'agent_sim_claims_total{way="late"}': 6,
    'agent_sim_claims_total{way="lie"}': 10,
    agent_sim_claims_sent_total: 104,
    agent_sim_claims_stored_total: 100,
    agent_sim_claims_lost_total: 2,
    agent_sim_claims_held_total: 14,
    agent_sim_claims_waiting: 2,
    agent_sim_claim_store_seconds_count: 1,
    'agent_sim_tasks_total{result="completed"}': 16,
    'agent_sim_tasks_total{result="failed"}': 18,
  });
});

test('the README lists every metric, and no other', async () => {
  const registry = new Registry();
  new FleetMetrics(new SimMetrics(registry), registry);
  const made = registry.getMetricsAsArray().map(({ name }) => name);
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const listed = readme.match(/agent_sim_[a-z_]*[a-z]/g) ?? [];
  expect([...new Set(listed)].toSorted()).toEqual(made.toSorted());
});
