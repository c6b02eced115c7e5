import { startNats, until } from '@whoosh/testkit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PulseProcess } from './pulse-process.ts';
import { gridErrorMs, WireRecorder } from './wire.ts';

// Each test starts processes of its own, on a machine that others may be using.
vi.setConfig({ testTimeout: 180_000 });

let nats: Awaited<ReturnType<typeof startNats>>;
beforeAll(async () => {
  nats = await startNats({ jetstream: true });
});
afterAll(async () => nats[Symbol.asyncDispose]());

describe('one pulse alone', () => {
  test('beats by the contract, from zero, in bars and phases', async () => {
    await using wire = await WireRecorder.open([nats.url], 'alone');
    await using pulse = await PulseProcess.start({ cluster: 'alone', nats: nats.url, flags: { bpm: '240' } });
    await pulse.ready();
    await wire.reach(8);
    const frames = wire.frames.filter(({ beat_index }) => beat_index <= 8);
    expect(wire.invalid).toEqual([]);
    // From zero, and without a gap; unless the host gave no time for a beat, which is named then.
    const indices = frames.map(({ beat_index }) => beat_index);
    const followed = frames.map(({ beat_index, metadata }) => beat_index - metadata.missed_beats);
    expect(followed).toEqual([0, ...indices.slice(0, -1).map((index) => index + 1)]);
    expect(frames.map(({ downbeat }) => downbeat)).toEqual(indices.map((index) => index % 4 === 0));
    const phases = ['planning', 'execution', 'execution', 'review'];
    expect(frames.map(({ phase }) => phase)).toEqual(indices.map((index) => phases[index % 4]));
    const windows = frames.map(({ beat_index, window_id }) => `${Math.floor(beat_index / 4)} ${window_id}`);
    expect(new Set(windows).size).toBe(new Set(indices.map((index) => Math.floor(index / 4))).size);
    expect(new Set(frames.map(({ window_id }) => window_id)).size).toBe(new Set(windows).size);
    const [{ metadata } = { metadata: undefined }] = frames;
    expect(wire.records[0]?.messageId).toBe(`alone:${metadata?.epoch}:${indices[0]}`);
    expect(await pulse.status()).toMatchObject({
      role: 'leader',
      node: 'n1',
      tempo_bpm: 240,
      degraded: false,
    });
    expect(await pulse.metric('backbeat_is_leader')).toBe(1);
    expect(await pulse.metric('backbeat_beats_total')).toBeGreaterThanOrEqual(frames.length);
  });

  test('killed and started again, goes on behind every index it has used, on the same grid', async () => {
    await using wire = await WireRecorder.open([nats.url], 'again');
    await using pulse = await PulseProcess.start({ cluster: 'again', nats: nats.url, flags: { bpm: '300' } });
    await wire.beats(4);
    for (let kills = 0; kills < 2; kills += 1) {
      await pulse.kill('SIGKILL');
      await pulse.start();
      await wire.beats(4);
    }
    const arrived = wire.records.map(({ frame }) => frame.beat_index);
    expect(arrived).toEqual([...new Set(arrived)].toSorted((left, right) => left - right));
    expect(wire.forked).toEqual([]);
    expect(new Set(wire.frames.map(({ metadata }) => metadata.epoch)).size).toBe(1);
    expect(gridErrorMs(wire.frames)).toBeLessThan(0.01);
    // Alone and freshly started, a node takes the last reserved beat for sent: it can only name too few.
    expect(wire.named).toBeLessThanOrEqual(wire.missing.length);
    expect(wire.named).toBeGreaterThan(0);
    const afterGap = wire.frames.filter(({ metadata }) => metadata.missed_beats > 0);
    expect(afterGap.every(({ metadata }) => metadata.cluster_health === 'degraded')).toBe(true);
  });

  test('keeps its frames for late joiners', async () => {
    await using wire = await WireRecorder.open([nats.url], 'late');
    await using pulse = await PulseProcess.start({ cluster: 'late', nats: nats.url, flags: { bpm: '600' } });
    await pulse.ready();
    await wire.beats(2);
    const reply = await until(
      async () => {
        const { jetstreamManager } = await import('@nats-io/jetstream');
        const { connect } = await import('@nats-io/transport-node');
        const connection = await connect({ servers: nats.url });
        try {
          const jsm = await jetstreamManager(connection);
          return await jsm.direct.getMessage('BACKBEAT_BEATS', { last_by_subj: 'backbeat.late.beat' });
        } finally {
          await connection.close();
        }
      },
      { describe: 'a stored frame' },
    );
    expect(reply?.json<{ cluster_id: string }>().cluster_id).toBe('late');
  });

  test('without a broker it is alive and not ready, and says why', async () => {
    await using broker = await startNats({ jetstream: true });
    await using pulse = await PulseProcess.start({
      cluster: 'mute',
      nats: broker.url,
      flags: { bpm: '600' },
    });
    await pulse.ready();
    await broker.kill('SIGKILL');
    const refusal = await until(
      async () => {
        const reply = await fetch(`${pulse.url}/ready`);
        return reply.status === 503
          ? ((await reply.json()) as { failing: Record<string, string> })
          : undefined;
      },
      { describe: 'not ready' },
    );
    expect(refusal.failing['broker']).toMatch(/broker/);
    expect((await fetch(`${pulse.url}/health`)).status).toBe(200);
    expect(await pulse.status()).toMatchObject({ degraded: true, reason: 'no broker can be reached' });
    await broker.restart();
    await pulse.ready();
    expect(await pulse.metric('backbeat_reconnects_total')).toBeGreaterThanOrEqual(1);
  });

  test('ends on SIGTERM with code 0', async () => {
    await using pulse = await PulseProcess.start({ cluster: 'end', nats: nats.url });
    await pulse.ready();
    expect(await pulse.kill('SIGTERM')).toBe(0);
  });

  test('refuses to start with a tempo that its bars do not allow', async () => {
    const flags = { bpm: '2', 'bar-length': '10000' };
    await expect(PulseProcess.start({ cluster: 'slow', nats: nats.url, flags })).rejects.toThrow(
      /from 83.4 to 1000/,
    );
  });
});
