import { Registry } from '@whoosh/telemetry';
import { expect, test } from 'vitest';
import { ReverbMetrics } from './metrics.ts';

test('every metric has its documented name, base units, and a sentence', async () => {
  const registry = new Registry();
  new ReverbMetrics(registry);
  for (const { name, help } of await registry.getMetricsAsJSON()) {
    expect(name).toMatch(/^backbeat_(reverb_[a-z_]+|slo_met)$/);
    expect(name).not.toMatch(/_(ms|millis|milliseconds|kb|percent|count)(_total)?$/);
    expect(help).toMatch(/^[A-Z0-9].*\.$/);
  }
});
