import { connect as connectNats } from '@nats-io/transport-node';
import { startNatsCluster, type TestNats, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { type Beat, connect } from '../src/index.ts';
import { TestPulse } from '../src/testing/index.ts';
import { makeStreams } from './streams.ts';

test.each(['SIGKILL', 'SIGSTOP'] as const)(
  'the server of the first connection gets %s: no beat is lost, and StatusClaims find another way',
  async (signal) => {
    await using cluster = await startNatsCluster(3);
    const [first, second, third] = cluster.servers as [TestNats, TestNats, TestNats];
    // The pulse sits at the third server, the agent between the first two.
    const connection = await connectNats({ servers: third.url, ignoreClusterUpdates: true });
    await using closing = new AsyncDisposableStack();
    closing.defer(() => connection.close());
    await makeStreams(connection, 3);
    using pulse = new TestPulse({ connection, clusterId: 'c', tempoBpm: 300 });
    await using agent = await connect({
      clusterId: 'c',
      agentId: 'a:1',
      natsUrl: `${first.url},${second.url}`,
      natsOptions: { ignoreClusterUpdates: true, noRandomize: true },
    });
    const beats: Beat[] = [];
    agent.onBeat((beat) => void beats.push(beat));
    // Where interest has not spread over the cluster yet, a beat goes nowhere.
    await until(
      () => {
        if (beats.length < 3) pulse.beat();
        return beats.length >= 3 && agent.link.isConnected;
      },
      { everyMs: 50 },
    );
    const copies = agent.health().link.dropped.seen;
    expect(copies).toBeGreaterThan(0);
    pulse.start();
    await until(() => (beats.at(-1)?.index ?? 0) >= pulse.index - 1 && beats.length > 6);

    await first.kill(signal);
    const from = beats.length;
    await until(() => beats.length >= from + 12, { timeoutMs: 20_000 });
    const heard = beats.slice(from - 1);
    expect(heard.filter(({ degraded }) => degraded)).toEqual([]);
    expect(heard.map(({ index }) => index)).toEqual(heard.map((_, at) => (heard[0]?.index ?? 0) + at));
    // The client's own pings would have needed half a minute to notice that it stands still.
    await until(() => agent.health().link.reconnects > 0, { timeoutMs: 10_000 });
    expect(await agent.emitStatusClaim({ state: 'executing' })).toMatchObject({
      attempts: expect.any(Number),
    });
  },
);
