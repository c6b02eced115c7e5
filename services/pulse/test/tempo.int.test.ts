import { connectBus } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { Registry } from '@whoosh/telemetry';
import { quietLog, startNats, until } from '@whoosh/testkit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { leaderOf, PulseProcess, startPulses } from './pulse-process.ts';
import { type OwnFrame, WireRecorder } from './wire.ts';

// Each test starts processes of its own, on a machine that others may be using.
vi.setConfig({ testTimeout: 180_000 });

let nats: Awaited<ReturnType<typeof startNats>>;
beforeAll(async () => {
  nats = await startNats({ jetstream: true });
});
afterAll(async () => nats[Symbol.asyncDispose]());

type Accepted = { tempo_bpm: number; target_bpm: number; at_beat: number; at: string; ramp: boolean };
const tempoOf = ({ tempo_bpm }: OwnFrame) => tempo_bpm;

/** Every frame lies one beat of its predecessor's tempo behind it, and the tempo changes only at downbeats. */
function expectOneGrid(frames: readonly OwnFrame[]): void {
  for (const [at, frame] of frames.entries()) {
    const before = frames[at - 1];
    if (before === undefined || frame.beat_index !== before.beat_index + 1) continue;
    expect(frame.metadata.at - before.metadata.at).toBeCloseTo(60_000 / before.tempo_bpm, 2);
    if (frame.tempo_bpm === before.tempo_bpm) continue;
    expect(frame.downbeat).toBe(true);
    expect(Math.abs(frame.tempo_bpm - before.tempo_bpm)).toBeLessThanOrEqual(before.tempo_bpm * 0.1 + 0.001);
  }
}

describe('tempo', () => {
  test('changes at the downbeat that was promised, on one grid', async () => {
    await using wire = await WireRecorder.open([nats.url], 'tempo');
    await using pulse = await PulseProcess.start({ cluster: 'tempo', nats: nats.url, flags: { bpm: '300' } });
    await wire.beats(3);
    const { status, body } = await pulse.post('/api/v1/tempo', { tempo_bpm: 270, reason: 'slower' });
    expect(status).toBe(202);
    const accepted = body as Accepted;
    expect(accepted).toMatchObject({ tempo_bpm: 270, target_bpm: 270, ramp: false });
    await wire.reach(accepted.at_beat + 4);
    const before = wire.frames.filter(({ beat_index }) => beat_index < accepted.at_beat);
    const after = wire.frames.filter(({ beat_index }) => beat_index >= accepted.at_beat);
    expect(new Set(before.map(tempoOf))).toEqual(new Set([300]));
    expect(new Set(after.map(tempoOf))).toEqual(new Set([270]));
    const [first] = after as [OwnFrame];
    // The promised beat itself may be one that a busy host gave no time for.
    const later = first.beat_index - accepted.at_beat;
    expect(first.downbeat).toBe(later === 0);
    expect(first.metadata.missed_beats).toBeGreaterThanOrEqual(later);
    expect(Math.round(first.metadata.at - (later * 60_000) / 270)).toBe(Date.parse(accepted.at));
    expectOneGrid(wire.frames);
    expect(await pulse.status()).toMatchObject({ tempo_bpm: 270, target_bpm: 270, ramp: null });
  });

  test('farther than a step is refused with the range, or reached by a ramp that can be cancelled', async () => {
    await using wire = await WireRecorder.open([nats.url], 'ramp');
    await using pulse = await PulseProcess.start({
      cluster: 'ramp',
      nats: nats.url,
      flags: { bpm: '300', 'max-bpm': '900' },
    });
    await wire.beats(1);
    const refused = await pulse.post('/api/v1/tempo', { tempo_bpm: 700 });
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      error: { code: 'conflict', details: { min_bpm: 270, max_bpm: 330 } },
    });
    const outside = await pulse.post('/api/v1/tempo', { tempo_bpm: 950, ramp: true });
    expect(outside.body).toMatchObject({
      error: { code: 'conflict', details: { min_bpm: 0.1, max_bpm: 900 } },
    });

    const { status, body } = await pulse.post('/api/v1/tempo', { tempo_bpm: 700, ramp: true });
    expect([status, body]).toMatchObject([202, { tempo_bpm: 330, target_bpm: 700, ramp: true }]);
    const ramping = await pulse.status();
    expect(ramping).toMatchObject({
      target_bpm: 700,
      ramp: { target_bpm: 700 },
      ramp_range: { min_bpm: 0.1, max_bpm: 900 },
      slo: { delivery: expect.any(Boolean), jitter: expect.any(Boolean) },
    });
    expect(ramping.ramp?.steps?.at(-1)?.tempo_bpm).toBe(700);
    expect(ramping.ramp?.steps?.[0]).toEqual({
      tempo_bpm: ramping.ramp?.next_bpm,
      at_beat: ramping.ramp?.at_beat,
    });
    await until(() => wire.last?.tempo_bpm === 700, { describe: 'the end of the ramp' });
    const steps = [300, 330, 363, 399.3, 439.2, 483.1, 531.4, 584.5, 642.9, 700];
    const played = [...new Set(wire.frames.map(tempoOf))];
    // A bar that the host gave no time for is not heard; none may be left out or added beside that.
    expect(played).toEqual(steps.filter((step) => played.includes(step)));
    if (wire.missing.length === 0) expect(played).toEqual(steps);
    expectOneGrid(wire.frames);
    await until(async () => (await pulse.status()).ramp === null, { describe: 'the ramp to be over' });

    await pulse.post('/api/v1/tempo', { tempo_bpm: 100, ramp: true });
    const stopped = await fetch(`${pulse.url}/api/v1/tempo/ramp`, { method: 'DELETE' });
    expect(await stopped.json()).toEqual({ cancelled: true });
    const { tempo_bpm, target_bpm } = await pulse.status();
    expect(target_bpm).toBe(tempo_bpm);
    const again = await fetch(`${pulse.url}/api/v1/tempo/ramp`, { method: 'DELETE' });
    expect(await again.json()).toEqual({ cancelled: false });
  });

  test('bad bodies are refused, and nobody without the admin token changes anything', async () => {
    await using pulse = await PulseProcess.start({
      cluster: 'guard',
      nats: nats.url,
      flags: { bpm: '600' },
      env: { BACKBEAT_ADMIN_TOKEN: 'right', BACKBEAT_ADMIN_TOKEN_PREVIOUS: 'before' },
    });
    await pulse.ready();
    const right = { authorization: 'Bearer right' };
    const before = { authorization: 'Bearer before' };
    expect((await pulse.post('/api/v1/tempo', { tempo_bpm: 610 })).status).toBe(401);
    expect(
      (await pulse.post('/api/v1/tempo', { tempo_bpm: 610 }, { authorization: 'Bearer wrong' })).status,
    ).toBe(401);
    for (const body of ['{', {}, { tempo_bpm: 'fast' }, { tempo_bpm: 5_000 }, { tempo_bpm: 600, speed: 1 }]) {
      expect((await pulse.post('/api/v1/tempo', body, right)).status).toBe(400);
    }
    expect((await pulse.post('/api/v1/tempo', { tempo_bpm: 610 }, right)).status).toBe(202);
    // Both are valid while the token is rotated.
    expect((await pulse.post('/api/v1/tempo', { tempo_bpm: 620 }, before)).status).toBe(202);
    expect((await fetch(`${pulse.url}/api/v1/status`)).status).toBe(200);
  });

  test('the bar length that a node is started with begins at the next downbeat', async () => {
    await using wire = await WireRecorder.open([nats.url], 'bars');
    await using pulse = await PulseProcess.start({ cluster: 'bars', nats: nats.url, flags: { bpm: '240' } });
    await wire.beats(6);
    await pulse.kill('SIGKILL');
    await pulse.start({ 'bar-length': '6' });
    await until(() => wire.frames.filter(({ metadata }) => metadata.bar_length === 6).length > 12, {
      describe: 'two bars of the new length',
    });
    const old = wire.frames.filter(({ metadata }) => metadata.bar_length === 4);
    const changed = wire.frames.filter(({ metadata }) => metadata.bar_length === 6);
    expect(old.every(({ beat_index, downbeat }) => downbeat === (beat_index % 4 === 0))).toBe(true);
    const first = changed.find(({ downbeat }) => downbeat)?.beat_index ?? -1;
    // The bars of six begin where one of four would have begun, be it with a beat that was missed.
    if (changed[0]?.beat_index === first && !wire.missing.includes(first - 1)) expect(first % 4).toBe(0);
    expect(changed.every(({ beat_index, downbeat }) => downbeat === ((beat_index - first) % 6 === 0))).toBe(
      true,
    );
  });

  test('any node takes the change to the leader, over HTTP and over the bus', async () => {
    await using wire = await WireRecorder.open([nats.url], 'forward');
    await using pulses = await startPulses(3, {
      cluster: 'forward',
      natsOf: () => nats.url,
      flags: { bpm: '600' },
      env: { BACKBEAT_ADMIN_TOKEN: 'right', BACKBEAT_ADMIN_TOKEN_PREVIOUS: 'before' },
    });
    const right = { authorization: 'Bearer right' };
    await Promise.all(pulses.map((pulse) => pulse.ready()));
    const leader = await leaderOf(pulses);
    const follower = pulses.find((pulse) => pulse !== leader) as PulseProcess;
    expect((await follower.post('/api/v1/tempo', { tempo_bpm: 900 }, right)).status).toBe(409);
    const before = { authorization: 'Bearer before' };
    const { status, body } = await follower.post('/api/v1/tempo', { tempo_bpm: 630 }, before);
    expect([status, body]).toMatchObject([202, { tempo_bpm: 630 }]);
    await until(() => wire.last?.tempo_bpm === 630, { describe: 'the new tempo' });

    await using bus = await connectBus({
      servers: nats.url,
      service: 'test',
      profile: 'beat',
      log: quietLog(),
      registry: new Registry(),
    });
    const cluster = { cluster: 'forward' };
    const tempoAt = backbeat.setTempo.subject.at(cluster);
    const wish = { tempo_bpm: 640, ramp: false };
    // Whichever node answers, and the leader itself: nobody, or who is no admin, changes anything.
    for (const subject of [tempoAt, `${tempoAt}.${backbeat.nodeToken(leader.node)}`]) {
      await expect(bus.callAt(subject, backbeat.setTempo, wish)).rejects.toMatchObject({
        code: 'unauthenticated',
      });
      const user = { kind: 'user', id: 'u1', role: 'user' } as const;
      await expect(bus.callAt(subject, backbeat.setTempo, wish, { principal: user })).rejects.toMatchObject({
        code: 'permission_denied',
      });
    }
    const principal = { kind: 'user', id: 'u2', role: 'admin' } as const;
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => bus.callAt(tempoAt, backbeat.setTempo, wish, { principal })),
    );
    expect(answers.every(({ tempo_bpm }) => tempo_bpm === 640)).toBe(true);
    await until(() => wire.last?.tempo_bpm === 640, { describe: 'the tempo after that' });
    // Any node answers, also one that is a little behind the wire.
    const statusAt = backbeat.getPulseStatus.subject.at(cluster);
    await until(async () => (await bus.callAt(statusAt, backbeat.getPulseStatus, {})).tempo_bpm === 640, {
      describe: 'the status to say so',
    });
    expect(wire.named).toBe(wire.missing.length);
    expectOneGrid(wire.frames);
  });
});
