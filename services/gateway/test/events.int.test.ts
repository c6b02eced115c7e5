import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backbeat, deadSubject, retrySubject } from '@whoosh/contracts';
import { bury } from '@whoosh/bus';
import { supervise } from '@whoosh/lifecycle';
import { quietLog, until } from '@whoosh/testkit';
import { EventFeed } from '../src/events/event-feed.ts';
import { beatsOf, type Got, readEvents } from './event-reader.ts';
import { frameOf, playBeat } from './played-beat.ts';
import { CLUSTER, runGateway, token, type RunningGateway } from './running-gateway.ts';

let run: RunningGateway;
let user: string;
let admin: string;
beforeAll(async () => {
  run = await runGateway();
  [user, admin] = await Promise.all([token('user'), token('admin')]);
});
afterAll(() => run[Symbol.asyncDispose]());

interface Asked {
  readonly lastEventId?: number;
  readonly on?: RunningGateway;
  readonly bearer?: string;
}

const read = (path: string, { on = run, bearer = user, lastEventId }: Asked = {}) =>
  readEvents(`${on.url}${path}`, bearer, lastEventId);

async function publish(name: string, on = run): Promise<number> {
  const id = randomUUID();
  const body = {
    specversion: '1.0',
    id,
    type: `whoosh.task.${name}.v1`,
    subject: 'x',
    data: { text: 'a\nb' },
  };
  const { seq } = await on.other.store(`whoosh.v1.event.task.${name}.x`, body, { id });
  return seq;
}

const openReaders = async (on = run) =>
  Number(/gateway_event_readers(?:\{.*\})? (\d+)/.exec(await on.registry.metrics())?.[1]);
/** A reader is live when the gateway counts it and an event after it arrives; its answer's head comes earlier. */
async function live(reader: { got: Got[] }, on = run) {
  await until(
    async () => {
      await publish('probed', on);
      return reader.got.some(({ event }) => event === 'whoosh.task.probed.v1');
    },
    { describe: 'the reader is live' },
  );
}

describe('the event stream', () => {
  test('gives every event with its sequence, as one line', async () => {
    using reader = await read('/api/v1/events');
    expect([reader.status, reader.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    await live(reader);
    const seq = await publish('opened');
    await until(() => reader.names().includes('whoosh.task.opened.v1'));
    const event = reader.got.find(({ id }) => id === String(seq));
    expect(JSON.parse(event?.data ?? '')).toMatchObject({
      type: 'whoosh.task.opened.v1',
      data: { text: 'a\nb' },
    });
  });

  test('resumes behind the last event, from memory', async () => {
    const first = await publish('one');
    const second = await publish('two');
    const third = await publish('three');
    using reader = await read('/api/v1/events', { lastEventId: first });
    await until(() => reader.got.length >= 2);
    expect(reader.got.slice(0, 2).map(({ id }) => id)).toEqual([String(second), String(third)]);
    const fourth = await publish('four');
    await until(() => reader.got.some(({ id }) => id === String(fourth)));
    const ids = reader.got.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
  });

  test('resumes from the stream what is older than the process', async () => {
    await using late = await runGateway();
    const sequences = [];
    for (const name of ['a', 'b', 'c']) sequences.push(await publish(name, late));
    // Another gateway on the same broker has never seen these live.
    const fresh = new EventFeed(late.other.js, late.other.jsm);
    await using _following = supervise('fresh', (signal) => fresh.follow(signal), { log: quietLog() });
    await until(() => fresh.isOpen);
    const replayed: number[] = [];
    const heard: number[] = [];
    const leave = await fresh.subscribe(({ id }) => heard.push(id), {
      after: sequences[0],
      replay: async ({ id }) => Promise.resolve(void replayed.push(id)),
      signal: new AbortController().signal,
    });
    expect(replayed).toEqual(sequences.slice(1));
    const next = await publish('d', late);
    await until(() => heard.includes(next));
    expect(heard).toEqual([next]);
    leave();
  });

  test('can be told to stop at any moment', async () => {
    const stop = new AbortController();
    const following = new EventFeed(run.other.js, run.other.jsm).follow(stop.signal);
    stop.abort();
    await following;
  });

  test('says that something is missing when it is', async () => {
    await using gone = await runGateway();
    for (const name of ['a', 'b', 'c']) await publish(name, gone);
    await gone.other.jsm.streams.purge('WHOOSH_EVENTS', { seq: 3 });
    using old = await read('/api/v1/events', { lastEventId: 1, on: gone });
    using ahead = await read('/api/v1/events', { lastEventId: 999, on: gone });
    await until(() => old.got.length > 0 && ahead.got.length > 0);
    expect([old.got[0]?.event, ahead.got[0]?.event]).toEqual(['reset', 'reset']);
    await live(old, gone);
  });

  test('goes on after the broker was away', async () => {
    await using shaken = await runGateway();
    using reader = await read('/api/v1/events', { on: shaken });
    await live(reader, shaken);
    await shaken.nats.kill('SIGKILL');
    await shaken.nats.restart();
    await until(() => shaken.other.isConnected());
    const seq = await until(() => publish('after', shaken).catch(() => undefined));
    await until(() => reader.got.some(({ id }) => id === String(seq)), { timeoutMs: 30_000 });
    const ids = reader.got.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)]);
  });

  test.each([
    ['Last-Event-ID', { headers: { 'Last-Event-ID': 'x' } }, '/api/v1/events'],
    ['query', {}, '/api/v1/events?color=green'],
  ])('refuses a strange %s', async (_name, init, path) => {
    expect((await run.fetch(path, { ...init, token: user })).status).toBe(400);
  });

  test('is closed to strangers, and ends with the token', async () => {
    expect((await run.fetch('/api/v1/events')).status).toBe(401);
    const brief = await token('user', { exp: Math.floor(Date.now() / 1_000) + 1 });
    using reader = await read('/api/v1/events', { bearer: brief });
    await until(() => reader.isOver(), { timeoutMs: 10_000 });
  });

  test('cuts a reader that does not read, and it may come back', async () => {
    await using burdened = await runGateway();
    const { hostname, port } = new URL(burdened.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user}\r\n\r\n`);
    socket.pause();
    await until(async () => (await openReaders(burdened)) === 1);
    const cut = async () => /cut_total\{reason="slow".*\} 1/.test(await burdened.registry.metrics());
    await until(
      async () => {
        const id = randomUUID();
        const body = {
          specversion: '1.0',
          id,
          type: 'whoosh.task.large.v1',
          data: { text: 'x'.repeat(60_000) },
        };
        await burdened.other.store('whoosh.v1.event.task.large.x', body, { id });
        return cut();
      },
      { timeoutMs: 30_000, everyMs: 1, describe: 'the reader is cut' },
    );
    await until(async () => (await openReaders(burdened)) === 0);
    socket.destroy();
  });

  test('takes GET alone: a HEAD would hold a place for an answer that never comes', async () => {
    const before = await openReaders();
    const headers = { Authorization: `Bearer ${user}` };
    const answer = await fetch(`${run.url}/api/v1/events`, { method: 'HEAD', headers });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, OPTIONS']);
    expect(await openReaders()).toBe(before);
  });

  test('forgets readers that leave', async () => {
    const before = await openReaders();
    const reader = await read('/api/v1/events');
    await until(async () => (await openReaders()) === before + 1);
    reader[Symbol.dispose]();
    await until(async () => (await openReaders()) === before);
  });
});

describe('the beat', () => {
  const subject = backbeat.beats.subject.at({ cluster: CLUSTER });
  const indices = ({ got }: { got: Got[] }) => beatsOf(got).map(({ beat_index: index }) => index);

  test('comes with the events for who asks, once, and only as an agent would believe it', async () => {
    using with_ = await read('/api/v1/events?beats=1');
    using without = await read('/api/v1/events');
    await live(with_);
    await live(without);
    // Nothing is known yet that could contradict it.
    const stray = { cluster: CLUSTER, bpm: 0.1, node: 'stray', firstIndex: 9_000_000 };
    run.other.publish(subject, frameOf(9_000_000, stray, 2_000_000_000_000));
    await until(() => indices(with_).includes(9_000_000));

    const played = { cluster: CLUSTER, bpm: 240, node: 'pulse-1', firstIndex: 8 };
    using pulse = playBeat(run.other, played);
    const true_ = () => indices(with_).filter((index) => index < 9_000_000);
    await until(() => true_().length >= 4, { timeoutMs: 60_000, describe: 'the pulse is followed' });
    const { epoch } = pulse;
    const forged = { ...played, node: 'forger' };
    const fast = { ...forged, bpm: 1_000 };
    for (const frame of [
      frameOf(pulse.index + 1, forged, epoch + 86_400_000),
      frameOf(8_000_000, forged, epoch),
      frameOf(pulse.index + 1, fast, epoch),
      { ...frameOf(pulse.index + 1, forged, epoch), cluster_id: 'another' },
      { nonsense: true },
    ]) {
      run.other.publish(subject, frame);
    }
    const before = true_().length;
    await until(() => true_().length >= before + 4, { timeoutMs: 60_000, describe: 'it is followed still' });

    const told = beatsOf(with_.got);
    expect(told.some(({ metadata }) => metadata?.node === 'forger')).toBe(false);
    expect(true_()).toEqual([...new Set(true_())].toSorted((a, b) => a - b));
    expect(with_.got.find(({ event }) => event === 'beat')?.id).toBeUndefined();
    expect(without.names()).not.toContain('beat');

    const status = await run.fetch('/api/v1/backbeat/status', { token: user });
    expect(status.body.data).toMatchObject({ target_bpm: 240, leader: 'pulse-1', bar_length: 4 });
    const health = (await run.fetch('/health')).body;
    expect(health).toMatchObject({ status: 'ok', service: 'whoosh', version: '1.2.3' });
    expect(health.backbeat).toEqual({
      enabled: true,
      connected: expect.any(Boolean),
      current_beat: expect.any(Number),
    });
    for (const seen of [status.body.data.beat_index, health.backbeat.current_beat]) {
      expect(seen).toBeGreaterThanOrEqual(8);
      expect(seen).toBeLessThanOrEqual(pulse.index);
    }
    const metrics = await run.registry.metrics();
    for (const reason of ['implausible', 'foreign_cluster', 'malformed']) {
      expect(metrics).toMatch(
        new RegExp(`gateway_beat_frames_refused_total\\{reason="${reason}".*\\} [1-9]`),
      );
    }
    using late = await read('/api/v1/events?beats=1');
    await until(() => late.names().includes('beat'));
  });

  test('is summed up by reports, which come with it', async () => {
    using reader = await read('/api/v1/events?beats=1');
    await live(reader);
    run.other.publish(backbeat.reports.subject.at({ cluster: CLUSTER }), {
      type: 'backbeat.barreport.v1',
      window_id: 'a'.repeat(32),
      from_beat: 4,
      to_beat: 7,
      agents_reporting: 3,
      on_time_reviews: 1,
      help_promises_fulfilled: 0,
      secret_rotations_ok: true,
      tempo_drift_ms: 0.5,
    });
    await until(() => reader.names().includes('report'));
  });
});

describe('health', () => {
  test('is made of what the processes say of themselves', async () => {
    await using asked = await runGateway();
    expect((await asked.fetch('/health/ready')).body).toEqual({ status: 'not_ready', database: 'unknown' });

    await using told = await runGateway();
    told.other.serveDiscovery({
      version: '9',
      description: 'a process with a database',
      health: async () =>
        Promise.resolve({
          status: 'ok',
          dependencies: { database: 'ok', gitea: 'connect ECONNREFUSED', runtime: 'process' },
          details: {
            database: { max_conns: 10, acquired_conns: 2, idle_conns: 3 },
            endpoint: 'http://gitea.example.com',
          },
        }),
    });
    await told.other.flush();
    const ready = await told.fetch('/health/ready');
    expect([ready.status, ready.body]).toEqual([200, { status: 'ready', database: 'connected' }]);
    const details = await told.fetch('/admin/health/details', { token: admin });
    expect(details.body).toMatchObject({
      service: 'whoosh',
      version: '1.2.3',
      timestamp: expect.any(Number),
      status: 'degraded',
      components: {
        database: {
          status: 'healthy',
          type: 'postgresql',
          statistics: { max_conns: 10, acquired_conns: 2, idle_conns: 3 },
        },
        gitea: { status: 'unhealthy', endpoint: 'http://gitea.example.com', note: 'connect ECONNREFUSED' },
        backbeat: { status: 'unhealthy', connected: false, current_tempo: null },
        docker_swarm: { status: 'disabled', note: 'agents run as processes' },
      },
      missing_services: ['monitor', 'council', 'composer', 'orchestrator', 'pulse', 'reverb'],
      services: [{ service: 'other', version: '9', status: 'ok' }],
    });
  });
});

describe('dead letters', () => {
  const dead = async (on: RunningGateway, consumer: string, name: string) =>
    bury((subject, body, options) => on.other.store(subject, body, options), {
      consumer,
      subject: `whoosh.v1.event.task.${name}.x`,
      headers: { traceparent: 'kept' },
      body: Buffer.from(JSON.stringify({ type: `whoosh.task.${name}.v1` })),
      reason: 'it could not be',
      attempts: 8,
      key: name,
    });

  test('are listed newest first, page by page, replayed to their consumer and dropped', async () => {
    await using on = await runGateway();
    expect((await on.fetch('/api/v1/dead-letters', { token: admin })).body.data).toEqual({
      items: [],
      next_cursor: null,
    });
    await dead(on, 'council-tasks', 'one');
    await dead(on, 'composer-tasks', 'two');
    await dead(on, 'council-tasks', 'three');
    const page = async (query: string) =>
      (await on.fetch(`/api/v1/dead-letters?${query}`, { token: admin })).body.data;
    const first = await page('limit=2');
    expect(first.items.map(({ event_type }: { event_type: string }) => event_type)).toEqual([
      'whoosh.task.three.v1',
      'whoosh.task.two.v1',
    ]);
    expect(first.items[0]).toMatchObject({
      consumer: 'council-tasks',
      subject: 'whoosh.v1.event.task.three.x',
      reason: 'it could not be',
      attempts: 8,
      headers: { traceparent: 'kept' },
    });
    const second = await page(`limit=2&cursor=${first.next_cursor}`);
    expect([second.items.length, second.next_cursor]).toEqual([1, null]);
    expect((await page('consumer=composer-tasks')).items).toHaveLength(1);
    expect((await on.fetch('/api/v1/dead-letters?cursor=x', { token: admin })).status).toBe(400);

    const { id } = first.items[0] as { id: number };
    const replayed = await on.fetch(`/api/v1/dead-letters/${id}/replay`, { method: 'POST', token: admin });
    expect([replayed.status, replayed.body.data]).toEqual([202, { id, consumer: 'council-tasks' }]);
    const retried = await on.other.jsm.streams.getMessage('WHOOSH_EVENTS', {
      last_by_subj: retrySubject('council-tasks'),
    });
    expect([retried?.string(), retried?.header.get('traceparent')]).toEqual([
      '{"type":"whoosh.task.three.v1"}',
      'kept',
    ]);
    expect(
      (await on.fetch(`/api/v1/dead-letters/${id}/replay`, { method: 'POST', token: admin })).status,
    ).toBe(404);

    const dropped = (first.items[1] as { id: number }).id;
    expect(
      (await on.fetch(`/api/v1/dead-letters/${dropped}`, { method: 'DELETE', token: admin })).status,
    ).toBe(200);
    expect(
      (await on.fetch(`/api/v1/dead-letters/${dropped}`, { method: 'DELETE', token: admin })).status,
    ).toBe(404);
    expect((await page('')).items).toHaveLength(1);
    expect(deadSubject('x')).toBe('whoosh.v1.dead.x');
  });
});
