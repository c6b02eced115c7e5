import { backbeat } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type BackbeatStatus } from '../src/routes/backbeat.ts';
import {
  type Answer,
  CLUSTER,
  runGateway,
  type RunningGateway,
  SERVICE_TOKEN,
  token,
} from './running-gateway.ts';
import { runPulses, type RunningPulses } from './running-pulse.ts';

// Three real pulses on a machine that others may be using.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const TEMPO = '/api/v1/backbeat/tempo';
const RAMP = '/api/v1/backbeat/ramp';
const BPM = 600;

let run: RunningGateway;
let pulses: RunningPulses;
let admin: string;
let user: string;

const status = async (): Promise<BackbeatStatus> =>
  (await run.fetch('/api/v1/backbeat/status', { token: user })).body.data as BackbeatStatus;
const set = (json: unknown, bearer = admin) => run.fetch(TEMPO, { method: 'POST', token: bearer, json });
const cancel = (bearer = admin) => run.fetch(RAMP, { method: 'DELETE', token: bearer });

/** What the cluster says: 503 `unavailable` while its leader changes, and whoever gets that asks again. */
async function settled(ask: () => Promise<Answer>): Promise<{ answer: Answer; asked: number }> {
  let asked = 0;
  const answer = await until(
    async () => {
      asked += 1;
      const said = await ask();
      return said.status === 503 && said.body.details.code === 'unavailable' ? undefined : said;
    },
    { timeoutMs: 60_000, everyMs: 100, describe: () => `an answer of a leader: ${pulses.said()}` },
  );
  return { answer, asked };
}

/** The status once it is so. */
const statusThat = (isSo: (status: BackbeatStatus) => boolean, what: string): Promise<BackbeatStatus> =>
  until(
    async () => {
      const seen = await status();
      return isSo(seen) ? seen : undefined;
    },
    { timeoutMs: 60_000, describe: () => `${what}: ${pulses.said()}` },
  );

beforeAll(async () => {
  [run, admin, user] = await Promise.all([runGateway(), token('admin'), token('user')]);
  pulses = await runPulses(3, { cluster: CLUSTER, nats: run.nats.url, bpm: BPM });
  await statusThat(
    ({ pulse, connected }) =>
      connected &&
      pulse?.nodes.length === 3 &&
      pulse.nodes.every(({ answers, connected: hears }) => answers && hears),
    'three pulses that answer',
  );
});
afterAll(async () => {
  await pulses[Symbol.asyncDispose]();
  await run[Symbol.asyncDispose]();
});

test('without any pulse there is no view of one, and nothing to change', async () => {
  await using alone = await runGateway();
  const seen = await alone.fetch('/api/v1/backbeat/status', { token: user });
  expect(seen.body.data).toMatchObject({ pulse: null, reverb: null, slo: {}, connected: false });
  const answer = await alone.fetch(TEMPO, { method: 'POST', token: admin, json: { tempo_bpm: BPM } });
  expect([answer.status, answer.body.details.code]).toEqual([503, 'unavailable']);
  await using off = await runGateway({ backbeat: false });
  const dark = await off.fetch('/api/v1/backbeat/status', { token: user });
  expect(dark.body.data).toMatchObject({ enabled: false, pulse: null });
});

test('the status shows leader and followers, each by its own word', async () => {
  const look = async () => {
    const seen = await status();
    const nodes = seen.pulse?.nodes ?? [];
    expect(nodes.map(({ node }) => node)).toEqual(['n1', 'n2', 'n3']);
    expect(nodes.map(({ role }) => role).toSorted()).toEqual(['follower', 'follower', 'leader']);
    const leading = nodes.find(({ role }) => role === 'leader');
    expect(leading).toMatchObject({ node: seen.leader, leads: true, term: seen.pulse?.term });
    expect(nodes.every(({ nats }) => nats.some(({ connected }) => connected))).toBe(true);
    expect(seen.pulse).toMatchObject({
      tempo_bpm: BPM,
      target_bpm: BPM,
      ramp: null,
      tempo_range: { min_bpm: BPM * 0.9, max_bpm: BPM * 1.1 },
      ramp_range: { min_bpm: 0.1, max_bpm: 1_000 },
    });
    expect(Object.keys(seen.slo).toSorted()).toEqual(['delivery', 'jitter']);
    expect(seen).toMatchObject({ enabled: true, target_bpm: BPM, reverb: null });
    return true;
  };
  // All of it in one answer; while a starved leader is replaced there is no such answer.
  await until(look, { timeoutMs: 60_000, describe: () => `a whole status: ${pulses.said()}` });
});

test('what reverb says of its objectives stands beside what pulse says', async () => {
  const reverb: backbeat.ReverbStatus = {
    cluster: CLUSTER,
    node: 'r1',
    beat_index: 1,
    open_window: null,
    claims_per_second: 12,
    agents: 3,
    invalid_by_reason: {},
    lag: 0,
    last_report: null,
    database: 'connected',
    slo: { rollup: true, drift: false },
    uptime_seconds: 1,
  };
  run.other.serveAt(
    backbeat.getReverbStatus.subject.at({ cluster: CLUSTER }),
    backbeat.getReverbStatus,
    async () => Promise.resolve(reverb),
  );
  await run.other.flush();
  const seen = await statusThat(({ slo }) => 'rollup' in slo, 'reverb');
  expect(seen.slo).toMatchObject({ delivery: expect.any(Boolean), rollup: true, drift: false });
  expect(seen.reverb).toEqual({
    node: 'r1',
    database: 'connected',
    agents: 3,
    claims_per_second: 12,
    lag: 0,
  });
});

describe('the reports', () => {
  const asked: object[] = [];
  const reports = (query: string) => run.fetch(`/api/v1/backbeat/reports${query}`, { token: user });
  beforeAll(async () => {
    const { other } = run;
    other.serveAt(
      backbeat.listReports.subject.at({ cluster: CLUSTER }),
      backbeat.listReports,
      async (request) => {
        asked.push(request);
        return Promise.resolve({ items: [], next_before_beat: 4, next_before_epoch: 1_700_000_000_000 });
      },
    );
    await other.flush();
  });

  test.each([
    ['', { limit: 50 }],
    ['?limit=1', { limit: 1 }],
    ['?before_beat=0&limit=200', { limit: 200, before_beat: 0 }],
    ['?before_beat=9007199254740991', { limit: 50, before_beat: Number.MAX_SAFE_INTEGER }],
    [
      '?limit=2&before_beat=4&before_epoch=1700000000000',
      { limit: 2, before_beat: 4, before_epoch: 1_700_000_000_000 },
    ],
  ])('are asked for with %j, and the next page by what the last one gave', async (query, request) => {
    const answer = await reports(query);
    expect([answer.status, asked.at(-1)]).toEqual([200, request]);
    expect(answer.body.data).toEqual({
      items: [],
      next_before_beat: 4,
      next_before_epoch: 1_700_000_000_000,
    });
  });

  test.each([
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?limit=1.5', 'limit'],
    ['?limit=', 'limit'],
    ['?limit=many', 'limit'],
    ['?limit=1&limit=2', 'limit'],
    ['?before_beat=-1', 'before_beat'],
    ['?before_beat=1e3', 'before_beat'],
    ['?before_beat=9007199254740992', 'before_beat'],
    ['?before_beat=4&before_epoch=-1', 'before_epoch'],
    ['?before_beat=4&before_epoch=2026-03-01', 'before_epoch'],
    ['?before_epoch=1700000000000', 'before_epoch'],
    ['?after_beat=4', 'after_beat'],
    ['?before_beat[]=4', 'before_beat[]'],
  ])('are refused with %j, which is named', async (query, field) => {
    const before = asked.length;
    const answer = await reports(query);
    expect([answer.status, answer.body.details.code]).toEqual([400, 'invalid_argument']);
    expect(answer.body.details.fields).toEqual([{ field, problem: expect.any(String) }]);
    expect(asked).toHaveLength(before);
  });
});

describe('the tempo', () => {
  test.each([
    ['nobody', undefined, 401],
    ['a user', () => user, 403],
    ['an agent', () => token('agent'), 403],
    ['a service', () => SERVICE_TOKEN, 403],
  ])('is not for %s to change', async (_name, bearer, expected) => {
    const given = await bearer?.();
    const init = { token: given, json: { tempo_bpm: BPM } };
    expect((await run.fetch(TEMPO, { method: 'POST', ...init })).status).toBe(expected);
    expect((await run.fetch(RAMP, { method: 'DELETE', token: given })).status).toBe(expected);
  });

  test.each([[{}], [{ tempo_bpm: 'fast' }], [{ tempo_bpm: 5_000 }], [{ tempo_bpm: BPM, speed: 1 }]])(
    'is not changed by %j',
    async (json) => {
      expect((await set(json)).status).toBe(400);
    },
  );

  test('changes at the downbeat that was promised', async () => {
    const { answer } = await settled(() => set({ tempo_bpm: 560, reason: 'a <script> of the test' }));
    expect([answer.status, answer.body.status]).toEqual([202, 'success']);
    const { at_beat: atBeat, at, ...taken } = answer.body.data;
    expect(taken).toEqual({ tempo_bpm: 560, target_bpm: 560, ramp: false });
    expect(Date.parse(at)).toBeGreaterThan(0);
    const heard = await until(() => {
      const { frame } = run.gateway.beats;
      return frame && frame.beat_index >= atBeat ? frame : undefined;
    });
    expect(heard.tempo_bpm).toBe(560);
    expect((await statusThat(({ pulse }) => pulse?.tempo_bpm === 560, '560 BPM')).target_bpm).toBe(560);
    // The same again does the same, so nobody keeps a key for it.
    const { answer: again } = await settled(() => set({ tempo_bpm: 560 }));
    expect([again.status, again.body.data]).toMatchObject([
      202,
      { tempo_bpm: 560, target_bpm: 560, ramp: false },
    ]);
    await until(() => pulses.said().includes('"by":"user:test-admin"'), {
      describe: 'who asked, in the log',
    });
    expect(pulses.said()).toContain('a <script> of the test');
  });

  test('farther than a step is refused with what is allowed, or reached by a ramp that can be cancelled', async () => {
    const { answer: refused } = await settled(() => set({ tempo_bpm: 300 }));
    expect(refused.status).toBe(409);
    expect(refused.body.details).toEqual({ code: 'conflict', tempo_bpm: 560, min_bpm: 504, max_bpm: 616 });
    const { answer: outside, asked } = await settled(() => set({ tempo_bpm: 0.1, ramp: true }));
    expect(outside.status).toBe(202);
    const { tempo_bpm: step, ...taken } = outside.body.data;
    expect(taken).toMatchObject({ target_bpm: 0.1, ramp: true });
    // A ramp whose leader could not say that it was taken may be steps further when it is asked for again.
    if (asked === 1) expect(step).toBe(504);
    else expect(step).toBeLessThanOrEqual(504);
    const ramping = await statusThat(({ pulse }) => pulse?.ramp !== null, 'the ramp');
    expect(ramping.pulse?.target_bpm).toBe(0.1);
    expect(ramping.pulse?.ramp?.steps?.at(-1)?.tempo_bpm).toBe(0.1);
    const { answer: stopped, asked: askedToStop } = await settled(() => cancel());
    expect(stopped.status).toBe(200);
    // Likewise: the ramp may have ended at the first word.
    expect(stopped.body.data).toEqual({ cancelled: askedToStop === 1 ? true : expect.any(Boolean) });
    const calm = await statusThat(
      ({ pulse }) => pulse?.ramp === null && pulse.target_bpm === pulse.tempo_bpm,
      'the end of the ramp',
    );
    // Stopped on its way.
    expect(calm.pulse?.tempo_bpm).toBeGreaterThan(0.1);
    expect((await settled(() => cancel())).answer.body.data).toEqual({ cancelled: false });
  });

  test('outside the limits is refused, ramp or not', async () => {
    const { answer } = await settled(() => set({ tempo_bpm: 0.1 }));
    expect([answer.status, answer.body.details.code]).toEqual([409, 'conflict']);
  });
});

test('a node that dies is shown so, with the time of its last word; without a quorum the tempo stays', async () => {
  const before = await status();
  // By what they were, the leader last: on a starved machine another one may lead by now.
  const [first, second, third] = (before.pulse?.nodes ?? []).toSorted(
    (one, other) => Number(one.leads) - Number(other.leads),
  );
  await pulses.kill(first?.node ?? '');
  const without = await statusThat(
    ({ pulse }) =>
      pulse?.nodes.some(({ node, answers, connected }) => node === first?.node && !answers && !connected) ===
      true,
    'the dead node',
  );
  const dead = without.pulse?.nodes.find(({ node }) => node === first?.node);
  expect(dead).toMatchObject({ answers: false, connected: false, role: null, term: null, leads: false });
  expect(Date.parse(dead?.last_contact_at ?? '')).toBeLessThanOrEqual(Date.now());

  await pulses.kill(second?.node ?? '');
  await statusThat(
    ({ pulse }) => pulse?.leader === null && pulse.reason?.includes('no quorum') === true,
    'no leader for want of a quorum',
  );
  const answer = await set({ tempo_bpm: BPM });
  expect([answer.status, answer.body.details.code]).toEqual([503, 'unavailable']);

  await pulses.kill(third?.node ?? '');
  const gone = await statusThat(
    ({ pulse }) => pulse?.nodes.every(({ answers }) => !answers) === true,
    'none',
  );
  expect(gone.pulse?.reason).toBe('no pulse answers');
});
