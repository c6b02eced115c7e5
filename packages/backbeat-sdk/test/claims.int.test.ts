import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { backbeat, HEADERS } from '@whoosh/contracts';
import { startNats, until } from '@whoosh/testkit';
import { decodeFull, encodeWire } from 'hlc-ts';
import { describe, expect, test } from 'vitest';
import { claimSlot, connect, startFleetLink } from '../src/index.ts';
import { ManualClock, TestPulse } from '../src/testing/index.ts';
import { makeStreams } from './streams.ts';

async function stage() {
  const nats = await startNats();
  const connection = await connectNats({
    servers: nats.url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 20,
  });
  await makeStreams(connection);
  const jsm = await jetstreamManager(connection);
  // So slow that no beat passes by itself, however slow the machine is.
  const pulse = new TestPulse({ connection, clusterId: 'c', tempoBpm: 1 });
  return {
    nats,
    connection,
    pulse,
    jsm,
    /** Agents with a stored claim: one whose acknowledgement came too late is stored twice, and counts once. */
    agentsStored: async () => (await jsm.streams.info('BACKBEAT_CLAIMS')).state.num_subjects ?? 0,
    async [Symbol.asyncDispose]() {
      pulse.stop();
      await connection.close();
      await nats[Symbol.asyncDispose]();
    },
  };
}

describe('StatusClaims', () => {
  test('are stored complete, with the full timestamp in the header', async () => {
    await using s = await stage();
    await using agent = await connect({ clusterId: 'c', agentId: 'worker:7', natsUrl: s.nats.url });
    s.pulse.beat();
    await until(() => agent.currentBeat());
    const { sequence } = await agent.emitStatusClaim(
      {
        state: 'executing',
        task_id: 't.1',
        beats_left: 3,
        progress: 0.5,
      },
      { immediately: true },
    );
    const message = await s.jsm.streams.getMessage('BACKBEAT_CLAIMS', { seq: sequence });
    const claim = backbeat.StatusClaim.parse(message?.json());
    expect(message?.subject).toBe('backbeat.c.claim.worker:7');
    expect(claim).toMatchObject({
      agent_id: 'worker:7',
      beat_index: 0,
      state: 'executing',
      task_id: 't.1',
      beats_left: 3,
    });
    const full = decodeFull(message?.header.get(HEADERS.hlc) ?? '');
    expect(full && encodeWire(full)).toBe(claim.hlc);
  });

  test('are refused before the first beat and against the contract', async () => {
    await using s = await stage();
    await using agent = await connect({ clusterId: 'c', agentId: 'worker:7', natsUrl: s.nats.url });
    await expect(agent.emitStatusClaim({ state: 'idle' })).rejects.toMatchObject({
      code: 'failed_precondition',
    });
    // What can never be right is said so at once, and not first when there is a beat.
    await expect(agent.emitStatusClaim({ state: 'done' as 'idle' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    s.pulse.beat();
    await until(() => agent.currentBeat());
    const [field, problem] = ['progress', expect.stringContaining('<=1')];
    await expect(agent.emitStatusClaim({ state: 'idle', progress: 2 })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringMatching(/^the claim breaks its contract: progress: .*<=1/),
      details: { fields: [{ field, problem }] },
    });
    await expect(agent.emitStatusClaim({ state: 'done' as 'idle' })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    const metadata = { text: 'x'.repeat(backbeat.CLAIM_BYTES_MAX) };
    await expect(agent.emitStatusClaim({ state: 'idle', metadata })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    expect(await s.agentsStored()).toBe(0);
  });

  test('of a fleet leave as atomic batches, each claim once', async () => {
    await using s = await stage();
    await using fleet = await startFleetLink({ clusterId: 'c', natsUrl: s.nats.url });
    s.pulse.beat();
    await until(() => fleet.currentBeat());
    const agents = Array.from({ length: 2_000 }, (_, i) => `fleet:${i}`);
    await Promise.all(
      agents.map((agentId) => fleet.emitStatusClaim(agentId, { state: 'idle' }, { immediately: true })),
    );
    expect(await s.agentsStored()).toBe(2_000);
    const { stored, lost, batches, retried } = fleet.health().claims;
    expect({ stored, lost }).toEqual({ stored: 2_000, lost: 0 });
    // What is not acknowledged in time is repeated, in smaller batches.
    expect(batches).toBeLessThan(50 + retried);
  });

  test('of a fleet are spread over the first half of the beat', async () => {
    await using s = await stage();
    const clock = new ManualClock();
    const beatMs = 60_000 / s.pulse.tempoBpm;
    await using fleet = await startFleetLink({ clusterId: 'c', natsUrl: s.nats.url, clock });
    s.pulse.beat();
    await until(() => fleet.currentBeat());
    const agents = Array.from({ length: 200 }, (_, i) => `fleet:${i}`);
    const emitted = agents.map((agentId) => fleet.emitStatusClaim(agentId, { state: 'idle' }));
    for (const quarter of [1, 2, 3, 4]) {
      clock.advance(beatMs / 8);
      const due = agents.filter((agentId) => claimSlot(agentId) <= quarter / 8).length;
      expect(due).toBeGreaterThan((quarter - 1) * 50);
      await until(async () => (await s.agentsStored()) === due);
    }
    await Promise.all(emitted);
  });

  test('emitted while the server is away are stored when it is back', async () => {
    await using s = await stage();
    await using agent = await connect({ clusterId: 'c', agentId: 'worker:7', natsUrl: s.nats.url });
    s.pulse.beat();
    await until(() => agent.currentBeat());
    await s.nats.kill('SIGKILL');
    const stored = agent.emitStatusClaim({ state: 'executing' }, { immediately: true });
    await until(() => agent.health().claims.retried > 0);
    await s.nats.restart();
    expect((await stored).attempts).toBeGreaterThan(1);
    expect(agent.health().claims).toMatchObject({ stored: 1, lost: 0 });
  });

  test('one that the stream refuses does not take its batch along', async () => {
    await using s = await stage();
    await s.jsm.streams.update('BACKBEAT_CLAIMS', { max_msg_size: 700 });
    await using fleet = await startFleetLink({ clusterId: 'c', natsUrl: s.nats.url });
    s.pulse.beat();
    await until(() => fleet.currentBeat());
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        fleet.emitStatusClaim(
          `fleet:${i}`,
          { state: 'idle', metadata: i === 4 ? { long: 'x'.repeat(1_000) } : {} },
          { immediately: true },
        ),
      ),
    );
    expect(outcomes.map(({ status }) => status).filter((status) => status === 'rejected')).toHaveLength(1);
    expect(await s.agentsStored()).toBe(9);
  });
});
