import { startNats, startNatsCluster, until } from '@whoosh/testkit';
import { expect, test, vi } from 'vitest';
import { leaderOf, PulseProcess, startPulses } from './pulse-process.ts';
import { TcpProxy } from './tcp-proxy.ts';
import { WireRecorder } from './wire.ts';

// Each test starts processes of its own, on a machine that others may be using.
vi.setConfig({ testTimeout: 180_000 });

const flags = { bpm: '240' };

/** Connected servers of a pulse. */
async function connected(pulse: PulseProcess): Promise<number> {
  return (await pulse.status()).nats.filter((each) => each.connected).length;
}

test.each(['SIGKILL', 'SIGSTOP'] as const)(
  'one of two brokers gets %s: no beat is lost unnamed',
  async (signal) => {
    await using brokers = await startNatsCluster({ size: 2 });
    const [first, second] = brokers.servers as [(typeof brokers.servers)[0], (typeof brokers.servers)[0]];
    // The listener sits where beats must arrive: at the broker that stays.
    await using wire = await WireRecorder.open([second.url], 'hedge');
    // So fast that a beat is due before a frozen broker is found out, which takes about 200 ms.
    const fast = { bpm: '600' };
    const nats = brokers.urls.join(',');
    await using pulse = await PulseProcess.start({ cluster: 'hedge', nats, flags: fast });
    await until(async () => (await connected(pulse)) === 2, { describe: 'two connections' });
    await wire.beats(3);
    await first.kill(signal);
    await wire.beats(6);
    if (signal === 'SIGSTOP') await first.kill('SIGCONT');
    else await first.restart();
    await until(async () => (await connected(pulse)) === 2, { describe: 'both brokers again' });
    await wire.beats(3);
    // A beat that the host gave no time for is named; one that went to the dead broker alone would not be.
    expect(wire.named).toBe(wire.missing.length);
    expect(wire.invalid).toEqual([]);
    expect(wire.forked).toEqual([]);
    if (signal === 'SIGSTOP')
      expect(await pulse.metric('backbeat_beats_hedged_total')).toBeGreaterThanOrEqual(1);
  },
);

test('a leader that sees no broker hands over to a peer that does', async () => {
  await using broker = await startNats({ jetstream: true });
  await using wire = await WireRecorder.open([broker.url], 'cut');
  await using cables = new AsyncDisposableStack();
  const proxies = await Promise.all([1, 2, 3].map(() => TcpProxy.to(broker.port)));
  for (const proxy of proxies) cables.use(proxy);
  await using pulses = await startPulses(3, {
    cluster: 'cut',
    natsOf: (at) => proxies[at]?.url ?? '',
    flags,
  });
  await wire.beats(3);
  const first = await leaderOf(pulses);
  // At first it does not know: what it says until it finds out goes nowhere, and has to be named by its heir.
  proxies[pulses.indexOf(first)]?.sever();
  await until(async () => (await leaderOf(pulses)) !== first, {
    describe: 'another leader',
    timeoutMs: 20_000,
  });
  await wire.beats(6);
  expect(await leaderOf(pulses)).not.toBe(first);
  expect(wire.forked).toEqual([]);
  expect(wire.missing.length).toBeGreaterThan(0);
  expect(wire.named, `beats: ${wire.summary}`).toBe(wire.missing.length);
});
