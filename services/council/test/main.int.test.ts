import { fileURLToPath } from 'node:url';
import { councils } from '@whoosh/contracts';
import { connectTestBus } from '@whoosh/outbox/testing';
import { cloneDatabase, startNats, startServiceProcess } from '@whoosh/testkit';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

test('the process starts, answers, is scraped, and ends with code 0', async () => {
  await using database = await cloneDatabase();
  await using nats = await startNats();
  await using service = await startServiceProcess(MAIN, {
    NATS_URL: nats.url,
    WHOOSH_DATABASE_URL: database.url,
    WHOOSH_DATABASE_AUTO_MIGRATE: 'false',
    WHOOSH_COUNCIL_ADMIN_PORT: '0',
  });
  await using bus = await connectTestBus(nats.url, 'test');
  expect(await bus.call(councils.listCouncils, { limit: 10 })).toEqual({ items: [], next_cursor: null });
  const metrics = await (await fetch(`${service.adminUrl}/metrics`)).text();
  expect(metrics).toContain('whoosh_council_states_total{status="completed"');
  service.child.kill('SIGTERM');
  expect(await service.exited).toEqual([0, null]);
});
