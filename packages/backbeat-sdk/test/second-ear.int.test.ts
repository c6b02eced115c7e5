import { connect as connectNats } from '@nats-io/transport-node';
import { startNatsCluster, type TestNats, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { type Beat, connect } from '../src/index.ts';
import { ManualClock, TestPulse } from '../src/testing/index.ts';
import { makeStreams } from './streams.ts';

const BEAT_MS = 200;

test.each(['SIGKILL', 'SIGSTOP'] as const)(
  'the server of the first connection gets %s: no beat is lost, and StatusClaims find another way',
  async (signal) => {
    await using cluster = await startNatsCluster();
    const [first, second, third] = cluster.servers as [TestNats, TestNats, TestNats];
    // The pulse sits at the third server, the agent between the first two.
    const connection = await connectNats({ servers: third.url, ignoreClusterUpdates: true });
    await using closing = new AsyncDisposableStack();
    closing.defer(() => connection.close());
    await makeStreams(connection, 3);
    const pulse = new TestPulse({ connection, clusterId: 'c', tempoBpm: 300 });
    const clock = new ManualClock();
    await using agent = await connect({
      clusterId: 'c',
      agentId: 'a:1',
      natsUrl: `${first.url},${second.url}`,
      natsOptions: { ignoreClusterUpdates: true, noRandomize: true },
      clock,
    });
    // Time passes with each beat that was heard: an own beat would mean that the pulse's was lost.
    const beat = async (): Promise<Beat | undefined> => {
      const { beat_index } = pulse.beat();
      await until(() => agent.currentBeat()?.index === beat_index);
      clock.advance(BEAT_MS);
      return agent.currentBeat();
    };
    // Where interest has not spread over the cluster yet, a beat goes nowhere: the first is said until two copies of it come.
    const firstBeat = JSON.stringify(pulse.beat());
    const copies = (): number => agent.health().link.dropped.seen;
    await until(async () => {
      const before = copies();
      connection.publish('backbeat.c.beat', firstBeat);
      return until(() => copies() >= before + 2, { timeoutMs: 2_000 });
    });
    clock.advance(BEAT_MS);
    await beat();

    await first.kill(signal);
    for (let i = 0; i < 12; i += 1) expect(await beat()).toMatchObject({ degraded: false });
    // The client's own pings would have needed half a minute to notice that it stands still.
    await until(() => agent.health().link.reconnects > 0);
    let isOver = false;
    const stored = agent.emitStatusClaim({ state: 'executing' }, { immediately: true });
    void stored.finally(() => (isOver = true)).catch(() => undefined);
    await until(() => {
      clock.advance(1);
      return isOver;
    });
    expect(await stored).toMatchObject({ attempts: expect.any(Number) });
  },
);
