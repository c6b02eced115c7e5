import { connect as connectNats } from '@nats-io/transport-node';
import {
  checkSignature,
  newPrivateKey,
  readSigner,
  readTrustedKeys,
  trustedKeyLine,
} from '@whoosh/backbeat-sdk/keys';
import { startNats, until } from '@whoosh/testkit';
import { expect, test, vi } from 'vitest';
import { leaderOf, PulseProcess, startPulses } from './pulse-process.ts';
import { WireRecorder } from './wire.ts';

// Each test starts processes of its own, on a machine that others may be using.
vi.setConfig({ testTimeout: 180_000 });

test('of five nodes two may die, with three nobody beats, and the first frame after it is degraded', async () => {
  await using nats = await startNats({ jetstream: true });
  await using wire = await WireRecorder.open([nats.url], 'five');
  const flags = { bpm: '240' };
  await using pulses = await startPulses(5, { cluster: 'five', natsOf: () => nats.url, flags });
  await Promise.all(pulses.map((pulse) => pulse.ready()));
  await wire.beats(3);

  // The leader and one more.
  const first = await leaderOf(pulses);
  const [other] = pulses.filter((pulse) => pulse !== first) as [PulseProcess];
  await Promise.all([first.kill('SIGKILL'), other.kill('SIGKILL')]);
  const three = pulses.filter((pulse) => pulse !== first && pulse !== other);
  const second = await leaderOf(three);
  await wire.beats(6);
  expect(wire.invalid).toEqual([]);
  expect(wire.forked).toEqual([]);
  const dead = [first.node, other.node].toSorted();
  for (const pulse of three) {
    await until(
      async () => {
        const away = (await pulse.status()).peers.filter(({ connected }) => !connected).map(({ id }) => id);
        return away.toSorted().join() === dead.join();
      },
      { describe: `${pulse.node} to name ${dead.join(' and ')} as away` },
    );
  }

  // A third one: no quorum is left.
  const [third, ...two] = three.toSorted((left) => (left === second ? -1 : 1)) as [
    PulseProcess,
    ...PulseProcess[],
  ];
  await third.kill('SIGKILL');
  for (const pulse of two) {
    const { failing } = await until(
      async () => {
        const reply = await fetch(`${pulse.url}/ready`);
        const body = (await reply.json()) as { failing: Record<string, string> };
        return reply.status === 503 && body.failing['quorum'] !== undefined ? body : undefined;
      },
      { timeoutMs: 30_000, describe: `${pulse.node} not to be ready` },
    );
    expect(failing['quorum']).toMatch(/quorum/);
    expect(await pulse.metric('backbeat_has_quorum')).toBe(0);
    expect(await pulse.metric('backbeat_is_leader')).toBe(0);
    expect(await pulse.status()).toMatchObject({
      leader: null,
      degraded: true,
      reason: expect.stringContaining('quorum'),
    });
    expect((await fetch(`${pulse.url}/health`)).status).toBe(200);
    const refused = await pulse.post('/api/v1/tempo', { tempo_bpm: 250 });
    expect([refused.status, refused.body]).toMatchObject([503, { error: { code: 'unavailable' } }]);
  }
  const silentFrom = wire.last?.beat_index ?? 0;
  const silentFromMs = wire.last?.metadata.at ?? 0;
  // Long enough that beats were missed, whatever the start below takes.
  await until(() => Date.now() > silentFromMs + 4 * 250, { describe: 'beats to be due' });
  expect(wire.last?.beat_index).toBe(silentFrom);

  await first.start();
  await wire.beats(2);
  const back = wire.frames.find(({ beat_index }) => beat_index > silentFrom);
  expect(back?.metadata.missed_beats).toBeGreaterThan(0);
  expect(back?.metadata.cluster_health).toBe('degraded');
  expect(wire.forked).toEqual([]);
  await until(async () => (await two[0]?.metric('backbeat_has_quorum')) === 1, {
    describe: 'the gauge to say so',
  });
});

test('frames are signed with the key that the node was given, and every metric moves', async () => {
  await using nats = await startNats({ jetstream: true });
  const pem = newPrivateKey();
  const policy = { keys: readTrustedKeys(trustedKeyLine(readSigner('k1', pem), '@pulse')), required: true };
  const connection = await connectNats({ servers: nats.url });
  const verdicts: string[] = [];
  connection.subscribe('backbeat.signed.beat', {
    callback: (_, { data: payload, headers }) => {
      verdicts.push(checkSignature(policy, '@pulse', { payload, headers, nowMs: Date.now() }));
    },
  });
  await connection.flush();
  try {
    await using pulse = await PulseProcess.start({
      cluster: 'signed',
      nats: nats.url,
      flags: { bpm: '600', 'signing-key-name': 'k1' },
      env: { BACKBEAT_SIGNING_KEY: pem },
    });
    await pulse.ready();
    await until(() => verdicts.length >= 5, { describe: 'five frames' });
    expect(new Set(verdicts)).toEqual(new Set(['ok']));

    await nats.kill('SIGKILL');
    await until(async () => (await fetch(`${pulse.url}/ready`)).status === 503, {
      describe: 'not to be ready',
    });
    // Without a broker for long enough that a beat falls into it.
    await until(() => pulse.output.includes('a beat could not be sent'), { describe: 'a missed beat' });
    await nats.restart();
    await pulse.ready();
    for (const name of [
      'backbeat_beats_total',
      'backbeat_pulse_jitter_seconds_count',
      'backbeat_is_leader',
      'backbeat_current_tempo_bpm',
      'backbeat_beats_missed_total',
      'backbeat_elections_total',
      'backbeat_raft_term',
      'backbeat_beat_delivery_seconds_count',
      'backbeat_reconnects_total',
    ]) {
      await until(async () => (await pulse.metric(name)) > 0, { describe: `${name} to move` });
    }
    await until(async () => (await pulse.metric('backbeat_tempo_drift_seconds')) !== 0, {
      describe: 'drift',
    });
    for (const slo of ['delivery', 'jitter']) {
      const text = await (await fetch(`${pulse.url}/metrics`)).text();
      expect(text).toMatch(new RegExp(`backbeat_slo_met\\{[^}]*slo="${slo}"[^}]*\\} [01]\n`));
    }
  } finally {
    await connection.close();
  }
});
