import { setImmediate as turn } from 'node:timers/promises';
import { connect as connectNats } from '@nats-io/transport-node';
import { startNats, until } from '@whoosh/testkit';
import { describe, expect, test } from 'vitest';
import { type Agent, type Beat, BeatBudgetExceeded, connect, listenToBeats } from '../src/index.ts';
import { ManualClock, TestPulse } from '../src/testing/index.ts';
import { makeStreams } from './streams.ts';

async function stage(tempoBpm = 600) {
  const nats = await startNats();
  const connection = await connectNats({
    servers: nats.url,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 20,
  });
  await makeStreams(connection);
  const pulse = new TestPulse({ connection, clusterId: 'c', tempoBpm });
  return {
    nats,
    connection,
    pulse,
    async [Symbol.asyncDispose]() {
      pulse.stop();
      await connection.close();
      await nats[Symbol.asyncDispose]();
    },
  };
}

/** An agent whose time passes only beat by beat, so that no machine is too slow for what is to be shown. */
async function stageInSteps() {
  const s = await stage();
  const clock = new ManualClock();
  const agent = await connect({ clusterId: 'c', agentId: 'a:1', natsUrl: s.nats.url, clock });
  const beatMs = 60_000 / s.pulse.tempoBpm;
  return {
    ...s,
    agent,
    /** Lets beats pass without a word of the pulse, and the callbacks of each come to their end. */
    async pass(beats: number): Promise<void> {
      for (let left = beats; left > 0; left -= 1) {
        clock.advance(Math.min(1, left) * beatMs);
        await turn();
      }
    },
    /** The pulse speaks and is heard; after that the beat passes. */
    async beat(): Promise<void> {
      const { beat_index } = s.pulse.beat();
      await until(() => heardBeat(agent, beat_index));
      clock.advance(beatMs);
    },
    async [Symbol.asyncDispose]() {
      await agent.close();
      await s[Symbol.asyncDispose]();
    },
  };
}

function heardBeat(agent: Agent, index: number): boolean {
  const { dropped, beats } = agent.health().link;
  const current = agent.currentBeat();
  if (current !== undefined && current.index > index) throw new Error(`beat ${current.index} is on already`);
  return current?.index === index && beats > 0 && dropped.implausible === 0;
}

describe('an agent on the beat', () => {
  test('hears beats in order, downbeats first, and knows window, tempo and phase', async () => {
    await using s = await stageInSteps();
    const { agent } = s;
    const heard: string[] = [];
    agent.onDownbeat((beat) => void heard.push(`down ${beat.index}`));
    agent.onBeat((beat) => void heard.push(`${beat.phase} ${beat.index}`));
    for (let i = 0; i < 5; i += 1) await s.beat();
    await until(() => heard.length === 7);
    expect(heard).toEqual([
      'down 0',
      'planning 0',
      'execution 1',
      'execution 2',
      'review 3',
      'down 4',
      'planning 4',
    ]);
    expect(agent.currentWindow()).toMatchObject({ from: 4, to: 7, epoch: s.pulse.epoch });
    expect(agent.tempo()).toBe(600);
    expect(agent.health()).toMatchObject({ connected: true, mode: 'locked' });
  });

  test('that joins late starts from the stored frame at once', async () => {
    await using s = await stage();
    for (let i = 0; i < 6; i += 1) s.pulse.beat();
    await s.connection.flush();
    await using agent = await connect({ clusterId: 'c', agentId: 'a:1', natsUrl: s.nats.url });
    const beats: Beat[] = [];
    agent.onBeat((beat) => void beats.push(beat));
    await until(() => beats.length === 1);
    expect(beats[0]).toMatchObject({ index: 5, replayed: true, degraded: false, windowFrom: 4 });
    expect(agent.health().mode).toBe('silent');
    s.pulse.beat();
    await until(() => beats.length === 2);
    expect(beats[1]).toMatchObject({ index: 6, replayed: false });
  });

  test('drops copies, deposed leaders and strangers, and counts them', async () => {
    await using s = await stageInSteps();
    const { agent } = s;
    const frame = s.pulse.beat();
    const subject = 'backbeat.c.beat';
    const send = (body: unknown) =>
      s.connection.publish(subject, typeof body === 'string' ? body : JSON.stringify(body));
    send(frame);
    send({ ...frame, beat_index: 1, metadata: { ...frame.metadata, term: 0 } });
    send({ ...frame, beat_index: 1, metadata: { ...frame.metadata, epoch: 1 } });
    send({ ...frame, beat_index: 1, cluster_id: 'other' });
    send({ ...frame, beat_index: 2 ** 60 });
    send('not json');
    await until(() => agent.health().link.refused.malformed === 2);
    expect(agent.health().link).toMatchObject({
      beats: 1,
      dropped: { seen: 1, old_term: 1, old_epoch: 1 },
      refused: { malformed: 2, foreign_cluster: 1 },
    });
  });

  test('says how its clock runs against the pulse’s, and which tempo is on', async () => {
    await using s = await stageInSteps();
    const { agent } = s;
    expect([agent.tempo(), agent.currentBeat(), agent.currentWindow()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(agent.drift()).toEqual({ ppm: 0, offsetMs: 0 });
    for (let i = 0; i < 60; i += 1) {
      await s.beat();
      // Of every beat of the pulse a ten thousandth more passes here.
      await s.pass(1e-4);
    }
    expect(agent.drift().ppm).toBeGreaterThan(90);
    expect(agent.drift().ppm).toBeLessThan(110);
    expect(Math.abs(agent.drift().offsetMs)).toBeLessThan(1);
    expect(agent.tempo()).toBe(600);
    s.pulse.tempoBpm = 660;
    await s.beat();
    expect(agent.currentBeat()).toMatchObject({ index: 60, downbeat: true, tempoBpm: 660 });
    expect(agent.tempo()).toBe(660);
  });

  test('follows a cluster that began anew, and repeats no beat of either life', async () => {
    await using s = await stageInSteps();
    const { agent } = s;
    const beats: string[] = [];
    const life = (epoch: number): string => (epoch === s.pulse.epoch ? 'old' : 'young');
    agent.onBeat(({ epoch, index }) => void beats.push(`${life(epoch)} ${index}`));
    for (let i = 0; i < 6; i += 1) await s.beat();
    await s.pass(2);
    expect(agent.health().mode).toBe('degraded');
    const young = new TestPulse({
      connection: s.connection,
      clusterId: 'c',
      tempoBpm: 600,
      epoch: s.pulse.epoch + 1,
    });
    young.beat();
    await until(() => agent.health().link.dropped.implausible === 1);
    await s.pass(1);
    young.beat();
    await until(() => agent.currentWindow()?.epoch === young.epoch);
    expect(agent.currentWindow()).toMatchObject({ from: 0, to: 3 });
    expect(agent.health()).toMatchObject({ mode: 'locked', link: { adopted: 1 } });
    await until(() => beats.includes('young 1'));
    expect(beats.filter((beat) => beat.startsWith('young'))).toEqual(['young 1']);
    expect(new Set(beats).size).toBe(beats.length);
  });

  test('goes on alone when the pulse falls silent, and comes back without an index twice', async () => {
    await using s = await stageInSteps();
    const { agent } = s;
    const beats: Beat[] = [];
    agent.onBeat((beat) => void beats.push(beat));
    for (let i = 0; i < 30; i += 1) await s.beat();
    expect(agent.health().mode).toBe('locked');
    await s.pass(0.5);
    expect(agent.health().mode).toBe('degraded');
    expect(agent.currentBeat()).toMatchObject({ index: 30, degraded: true });
    await s.pass(5);
    expect(agent.currentBeat()).toMatchObject({ index: 35, degraded: true, windowFrom: 32 });
    expect(agent.currentBeat()?.windowId).toMatch(/^[0-9a-f]{32}$/);
    // The pulse has lost six beats, and goes on with the grid: the seventh is half a beat away.
    s.pulse.leaveOut(30, 31, 32, 33, 34, 35);
    for (let i = 0; i < 6; i += 1) s.pulse.beat();
    await s.pass(0.5);
    expect(agent.currentBeat()).toMatchObject({ index: 36, degraded: true });
    s.pulse.beat();
    await until(() => agent.health().mode === 'locked');
    await s.pass(1);
    for (let i = 0; i < 3; i += 1) await s.beat();
    await until(() => beats.length === 40);
    expect(beats.map(({ index }) => index)).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(beats.slice(30).map(({ degraded }) => degraded)).toEqual([
      ...Array.from({ length: 7 }, () => true),
      ...Array.from({ length: 3 }, () => false),
    ]);
  });

  test('survives its server: own beats while it is away, the pulse again afterwards', async () => {
    await using s = await stage();
    await using agent = await connect({ clusterId: 'c', agentId: 'a:1', natsUrl: s.nats.url });
    s.pulse.start();
    await until(() => (agent.currentBeat()?.index ?? 0) > 5);
    await s.nats.kill('SIGKILL');
    await until(() => agent.health().mode === 'degraded' && !agent.health().connected);
    await s.nats.restart();
    await until(() => agent.health().link.reconnects > 0);
    await until(() => agent.health().mode === 'locked' && agent.health().connected);
  });

  test('callbacks never overlap; a slow one is reported and gets the newest beat next', async () => {
    await using s = await stageInSteps();
    const { agent } = s;
    const gate = Promise.withResolvers<void>();
    const seen: number[] = [];
    let running = 0;
    let overlaps = 0;
    const problems: string[] = [];
    agent.onProblem(({ kind }) => void problems.push(kind));
    agent.onBeat(async ({ index }) => {
      running += 1;
      overlaps = Math.max(overlaps, running);
      seen.push(index);
      await gate.promise;
      running -= 1;
    });
    for (let i = 0; i < 4; i += 1) await s.beat();
    gate.resolve();
    await until(() => seen.length === 2);
    expect(seen).toEqual([0, 3]);
    expect(overlaps).toBe(1);
    expect(problems.filter((kind) => kind === 'slow_callback').length).toBe(3);
  });

  test('a callback that throws is reported and the next beat comes', async () => {
    await using s = await stageInSteps();
    const { agent } = s;
    let calls = 0;
    agent.onBeat(() => {
      calls += 1;
      throw new Error('broken');
    });
    await s.beat();
    await s.beat();
    await until(() => calls === 2);
    expect(agent.health().failedCallbacks).toBe(2);
  });

  test('a beat budget aborts the work when it is used up, and not before', async () => {
    await using s = await stageInSteps();
    const { agent } = s;
    await s.beat();
    await expect(agent.withBeatBudget(1_000, () => Promise.resolve('done'))).resolves.toBe('done');
    let aborted = false;
    const work = agent.withBeatBudget(2, (signal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return new Promise<never>(() => {});
    });
    const outcome = work.catch((cause: unknown) => cause);
    await s.beat();
    expect(aborted).toBe(false);
    await s.beat();
    expect(aborted).toBe(true);
    expect(await outcome).toBeInstanceOf(BeatBudgetExceeded);
  });

  test('a beat budget counts own beats: it ends without a pulse too', async () => {
    await using s = await stageInSteps();
    const { agent } = s;
    await s.beat();
    const outcome = agent
      .withBeatBudget(3, () => new Promise<never>(() => {}))
      .catch((cause: unknown) => cause);
    await s.pass(4);
    expect(agent.health().mode).toBe('degraded');
    expect(await outcome).toMatchObject({ name: 'BeatBudgetExceeded', beats: 3 });
  });

  test('agents of one process share one connection, which ends with the last of them', async () => {
    await using s = await stage();
    const agents = await Promise.all(
      ['a:1', 'a:2', 'a:3'].map((agentId) => connect({ clusterId: 'c', agentId, natsUrl: s.nats.url })),
    );
    const [first] = agents;
    expect(new Set(agents.map(({ link }) => link.connection)).size).toBe(1);
    const connection = first?.link.connection;
    for (const agent of agents.slice(1)) await agent.close();
    expect(connection?.isClosed()).toBe(false);
    await first?.close();
    expect(connection?.isClosed()).toBe(true);
  });

  test('a listener of ours uses the connection it is given and leaves it open', async () => {
    await using s = await stage();
    const listener = await listenToBeats({ clusterId: 'c', connection: s.connection });
    s.pulse.beat();
    await until(() => listener.currentBeat());
    await listener.close();
    expect(s.connection.isClosed()).toBe(false);
  });
});
