import { startNats, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { ClaimsReader } from '../src/claims-reader.ts';
import { openBus, putRaw } from './stage.ts';

test('says when nothing will be read any more, and knows how much there is to read', async () => {
  await using nats = await startNats();
  await using bus = await openBus(nats.url, 'reverb');
  await bus.ensureStreams(['BACKBEAT_CLAIMS']);
  for (let i = 0; i < 5; i += 1) await putRaw(bus.connection, `backbeat.c.claim.a${i}`, { i });
  await putRaw(bus.connection, 'backbeat.other.claim.a', {});
  const subjects: string[] = [];
  await using own = await openBus(nats.url, 'reader');
  await using reader = await ClaimsReader.open({
    bus: own,
    clusterId: 'c',
    afterSequence: 2,
    onMessage: (subject) => void subjects.push(subject),
  });
  expect(reader.reading.known).toBe(3);
  await until(() => reader.reading.taken === 3);
  expect(reader.reading.isCaughtUp).toBe(true);
  expect(subjects).toEqual(['backbeat.c.claim.a2', 'backbeat.c.claim.a3', 'backbeat.c.claim.a4']);
  await own.connection.close();
  await expect(reader.failed).rejects.toThrow('has ended');
  expect(reader.isAway).toBe(true);
});

test('what comes while the connection is interrupted is read, or said to be lost: it is not waited for in silence', async () => {
  await using nats = await startNats();
  await using bus = await openBus(nats.url, 'reverb');
  await bus.ensureStreams(['BACKBEAT_CLAIMS']);
  await using own = await openBus(nats.url, 'reader');
  await using reader = await ClaimsReader.open({
    bus: own,
    clusterId: 'c',
    afterSequence: 0,
    onMessage: () => undefined,
  });
  await putRaw(bus.connection, 'backbeat.c.claim.a', {});
  await until(() => reader.reading.taken === 1);
  await own.connection.reconnect();
  await putRaw(bus.connection, 'backbeat.c.claim.a', {});
  const { reading } = reader;
  let said = '';
  reader.failed.catch((cause: Error) => (said = cause.message));
  // Which it is depends on whether the broker heard of the end of the old connection first.
  await until(() => (reading.taken === 2 && reading.known === 2) || said.includes('lost on their way'), {
    describe: () => `2 of 2, not ${reading.taken} of ${reading.known}, away: ${reader.isAway}, said: ${said}`,
  });
});
