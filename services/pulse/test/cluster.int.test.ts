import { startNats, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { leaderOf, startPulses } from './pulse-process.ts';
import { gridErrorMs, WireRecorder } from './wire.ts';

const BPM = 240;
const flags = { bpm: String(BPM) };

test('the leader is killed: another goes on with the same grid, and no index comes twice', async () => {
  await using nats = await startNats({ jetstream: true });
  await using wire = await WireRecorder.open([nats.url], 'kill');
  await using pulses = await startPulses(3, { cluster: 'kill', natsOf: () => nats.url, flags });
  await wire.beats(4);
  const first = await leaderOf(pulses);
  const { term } = await first.status();
  await first.kill('SIGKILL');
  const others = pulses.filter((pulse) => pulse !== first);
  const second = await leaderOf(others);
  await wire.beats(6);

  expect((await second.status()).term).toBeGreaterThan(term);
  expect(wire.invalid).toEqual([]);
  expect(wire.forked).toEqual([]);
  expect(wire.missing.length).toBeLessThanOrEqual(1);
  // One epoch, one anchor: the score is the same. What was measured is where the beats fell.
  expect(gridErrorMs(wire.frames)).toBeLessThan(0.01);
  expect(new Set(wire.frames.map(({ metadata }) => metadata.epoch)).size).toBe(1);
  const named = wire.frames.reduce((sum, { metadata }) => sum + metadata.missed_beats, 0);
  expect(named).toBe(wire.missing.length);

  // The killed one comes back as a follower of the leader that there is.
  await first.start();
  await until(async () => (await first.status()).leader === second.node, { describe: 'the return' });
  await first.ready();
  expect((await first.status()).role).toBe('follower');
});
