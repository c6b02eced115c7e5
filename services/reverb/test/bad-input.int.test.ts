import { windowIdOf } from '@whoosh/backbeat-sdk';
import { listDeadLetters } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { rotation as sampleRotation, windowClose } from '@whoosh/contracts/testing';
import { Registry } from '@whoosh/telemetry';
import { until } from '@whoosh/testkit';
import { describe, expect, test } from 'vitest';
import { ReverbMetrics } from '../src/metrics.ts';
import { CLUSTER, putRaw, type Replica, Stage } from './stage.ts';

const CLAIM = `backbeat.${CLUSTER}.claim.a`;
const ROTATION = `backbeat.${CLUSTER}.rotation`;
const MARKER = `backbeat.${CLUSTER}.close.${'a'.repeat(32)}`;
const claim = {
  type: 'backbeat.statusclaim.v1',
  agent_id: 'a',
  beat_index: 1,
  state: 'executing',
  hlc: '0001:0002:0003',
};
const rotation = sampleRotation({ beat_index: 1 });
const marker = windowClose({ window_id: 'a'.repeat(32), epoch: 1, from_beat: 0, to_beat: 3, grace_ms: 25 });
/** Of a life after this one. */
const FAR_EPOCH = 4_000_000_000_000;
const FAR_WINDOW = windowIdOf(CLUSTER, FAR_EPOCH, 2 ** 50);
/** JSON as it stands there: numbers that JavaScript would write otherwise. */
const withBeat = (text: string) => JSON.stringify(claim).replace('"beat_index":1', `"beat_index":${text}`);
const nested = (depth: number) =>
  JSON.stringify(claim).replace('}', `,"metadata":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}`);

const CASES: readonly { name: string; subject: string; body: unknown; counted: string }[] = [
  { name: 'nothing', subject: CLAIM, body: '', counted: 'malformed' },
  {
    name: 'binary',
    subject: CLAIM,
    body: Uint8Array.from({ length: 500 }, (_, i) => i),
    counted: 'malformed',
  },
  { name: 'half a claim', subject: CLAIM, body: JSON.stringify(claim).slice(0, 40), counted: 'malformed' },
  { name: 'a claim that is none', subject: CLAIM, body: [claim], counted: 'schema' },
  { name: 'an unknown field', subject: CLAIM, body: { ...claim, extra: 1 }, counted: 'schema' },
  { name: '4 MB', subject: CLAIM, body: ' '.repeat(4_000_000), counted: 'schema' },
  { name: 'deep nesting', subject: CLAIM, body: nested(100_000), counted: 'schema' },
  { name: '2^53', subject: CLAIM, body: withBeat('9007199254740993'), counted: 'schema' },
  { name: '2^63', subject: CLAIM, body: withBeat('9223372036854775808'), counted: 'schema' },
  { name: '1e400', subject: CLAIM, body: withBeat('1e400'), counted: 'schema' },
  { name: 'a negative beat', subject: CLAIM, body: withBeat('-1'), counted: 'schema' },
  { name: 'half a beat', subject: CLAIM, body: withBeat('1.5'), counted: 'schema' },
  {
    name: 'an infinite resource',
    subject: CLAIM,
    body: JSON.stringify(claim).replace('}', ',"resources":{"cpu_percent":1e999}}'),
    counted: 'schema',
  },
  { name: 'another subject', subject: `backbeat.${CLUSTER}.claim.b`, body: claim, counted: 'foreign_agent' },
  { name: 'a beat far in the future', subject: CLAIM, body: withBeat('9007199254740991'), counted: 'ahead' },
  { name: 'a rotation that is none', subject: ROTATION, body: '{', counted: 'rotation_malformed' },
  { name: 'a binary rotation', subject: ROTATION, body: new Uint8Array(64), counted: 'rotation_malformed' },
  { name: 'a rotation of 4 MB', subject: ROTATION, body: ' '.repeat(4_000_000), counted: 'rotation_schema' },
  {
    name: 'a deep rotation',
    subject: ROTATION,
    body: `${'['.repeat(4_000)}${']'.repeat(4_000)}`,
    counted: 'rotation_schema',
  },
  {
    name: 'a rotation at 1e400',
    subject: ROTATION,
    body: JSON.stringify(rotation).replace(':1,', ':1e400,'),
    counted: 'rotation_schema',
  },
  {
    name: 'a rotation far ahead',
    subject: ROTATION,
    body: { ...rotation, state: 'required', beat_index: 2 ** 53 - 1 },
    counted: 'rotation_ahead',
  },
  { name: 'a marker that is none', subject: MARKER, body: 'x', counted: 'marker_malformed' },
  { name: 'a marker of 4 MB', subject: MARKER, body: ' '.repeat(4_000_000), counted: 'marker_schema' },
  {
    name: 'a marker of all beats',
    subject: MARKER,
    body: { ...marker, to_beat: 2 ** 53 - 1 },
    counted: 'marker_schema',
  },
  {
    name: 'a marker of another window',
    subject: `backbeat.${CLUSTER}.close.${'b'.repeat(32)}`,
    body: marker,
    counted: 'marker_foreign_window',
  },
  { name: 'a marker under a name of its own', subject: MARKER, body: marker, counted: 'marker_implausible' },
  {
    name: 'a marker far ahead',
    subject: `backbeat.${CLUSTER}.close.${FAR_WINDOW}`,
    body: {
      ...marker,
      window_id: FAR_WINDOW,
      epoch: FAR_EPOCH,
      from_beat: 2 ** 50,
      to_beat: 2 ** 50 + 3,
    },
    counted: 'marker_implausible',
  },
  {
    name: 'a checkpoint of nobody',
    subject: `backbeat.${CLUSTER}.checkpoint`,
    body: 'x',
    counted: 'checkpoint_unreadable',
  },
];

/** Metrics that nothing in this test can move: a reading that begins anew, and one that is behind, are told elsewhere. */
const UNMOVED = ['backbeat_reverb_rebuilds_total', 'backbeat_reverb_stream_lag_messages'];

/** After all the bad input and some reviews in time there is no metric left that was declared and never moves. */
async function everyMetricMoves(stage: Stage, replica: Replica): Promise<void> {
  const registry = new Registry();
  new ReverbMetrics(registry);
  const unmoved = new Set((await registry.getMetricsAsJSON()).map(({ name }) => name));
  for (const name of UNMOVED) expect(unmoved.delete(name)).toBe(true);
  let reviews = 0;
  await until(
    async () => {
      reviews += 1;
      await putRaw(stage.bus.connection, `backbeat.${CLUSTER}.claim.reviewer`, {
        ...claim,
        agent_id: 'reviewer',
        state: 'completed',
        beat_index: replica.reverb.options.listener.currentBeat()?.index ?? 0,
        hlc: `ffff:0000:${reviews.toString(16).padStart(4, '0')}`,
      });
      for (const name of unmoved)
        if (/\} [0-9.e-]*[1-9]/.test((await replica.metric(name)).replaceAll(/^#.*$/gm, '')))
          unmoved.delete(name);
      return unmoved.size === 0;
    },
    { everyMs: 100, timeoutMs: 60_000, describe: () => `a move of ${[...unmoved].join(', ')}` },
  );
}

describe('bad input', () => {
  test('is counted by its reason, kept as a dead letter, and the next good claim counts', async () => {
    // Slowly: a good claim that comes late would be in no window.
    await using stage = await Stage.open({ tempoBpm: 240 });
    await using replica = await stage.reverb();
    await using other = await stage.reverb();
    const { connection } = stage.bus;
    stage.pulse.start();
    // The grid is known from the first closed window on; before, nothing is ahead.
    await until(() => stage.heard.length >= 1);
    const counts = () => ({ ...replica.reverb.tally.invalidByReason, ...replica.reverb.tally.brokenByKind });
    let good = 0;
    for (const { name, subject, body, counted } of CASES) {
      const before = (counts() as Record<string, number>)[counted] ?? 0;
      await putRaw(connection, subject, body);
      await until(() => (counts() as Record<string, number>)[counted] === before + 1, {
        describe: `${name} to be counted as ${counted}`,
      });
      // -0 is 0, and a claim like any other.
      good += 1;
      const beat = replica.reverb.options.listener.currentBeat()?.index ?? 0;
      const hlc = `0000:0000:${good.toString(16).padStart(4, '0')}`;
      await putRaw(connection, `backbeat.${CLUSTER}.claim.good:${good}`, {
        ...claim,
        agent_id: `good:${good}`,
        beat_index: beat,
        hlc,
      });
    }
    await putRaw(connection, CLAIM, withBeat('-0'));
    const reporting = () => stage.heard.reduce((sum, report) => sum + report.agents_reporting, 0);
    const late = () =>
      stage.heard
        .flatMap(({ issues }) => issues)
        .reduce((sum, { category, count }) => sum + (category === 'late_claims' ? count : 0), 0);
    // Of a beat long ago: late. A busy host may store a good one after its window too; none is left out.
    await until(() => late() >= 1 && reporting() + late() === good + 1, {
      timeoutMs: 60_000,
      describe: () => `${good} good claims and an old one: ${reporting()} in windows, ${late()} late`,
    });
    const { invalidByReason } = replica.reverb.tally;
    const invalid = Object.values(invalidByReason).reduce((sum, count) => sum + count, 0);
    expect(invalid).toBe(CASES.filter(({ counted }) => counted in invalidByReason).length);
    await everyMetricMoves(stage, replica);
    stage.pulse.stop();
    const { stored, recomputed } = await stage.reportsEqualRecomputation();
    expect(stored).toEqual(recomputed);
    const letters = await until(
      async () => {
        const page = await listDeadLetters(stage.bus.jsm, { limit: 100 });
        return page.letters.length >= CASES.length - 1 && page.letters;
      },
      { describe: 'the dead letters' },
    );
    // One for each, though two replicas read them; a checkpoint stays where it is.
    expect(letters).toHaveLength(CASES.length - 1);
    expect(new Set(letters.map(({ consumer }) => consumer))).toEqual(new Set(['reverb-claims']));
    const large = letters.find(({ reason }) => reason.includes('4000000'));
    expect(large?.body.byteLength).toBe(4_096);
    const binary = letters.find(({ body }) => body.byteLength === 500);
    expect(binary).toMatchObject({ subject: CLAIM, reason: 'claim: malformed' });
    const reasons = letters.map(({ reason }) => reason);
    for (const reason of [
      'claim: schema at extra',
      'claim: schema at the whole',
      'claim: schema at beat_index',
      'claim: schema at resources.cpu_percent',
      'claim: foreign_agent at agent_id',
      'claim: ahead at beat_index',
      'rotation: schema at beat_index',
      'marker: schema at to_beat',
      'marker: foreign_window at window_id',
    ])
      expect(reasons).toContain(reason);
    await until(() => other.reverb.recent.all.length >= stored.length);
  });

  test('in a flood is counted in full and kept in part', async () => {
    await using stage = await Stage.open();
    await using replica = await stage.reverb();
    const { connection } = stage.bus;
    stage.pulse.start();
    await until(() => stage.heard.length >= 1);
    for (let i = 0; i < 2_000; i += 1) connection.publish(CLAIM, `{ ${i}`);
    await connection.flush();
    await until(() => replica.reverb.tally.invalidByReason.malformed === 2_000);
    const metrics = await replica.metric('backbeat_reverb_dead_letters_total');
    const kept = (await stage.bus.jsm.streams.info('WHOOSH_DEAD')).state.messages;
    expect(kept).toBeLessThan(300);
    expect(metrics).toMatch(/result="over_budget".*\} 1[0-9]{3}/);
    // Again and again: one that comes late is in no window.
    let said = 0;
    await until(
      async () => {
        said += 1;
        await putRaw(connection, `${CLAIM}:good`, {
          ...claim,
          agent_id: 'a:good',
          beat_index: replica.reverb.options.listener.currentBeat()?.index ?? 0,
          hlc: `0000:0000:${said.toString(16).padStart(4, '0')}`,
        });
        return stage.heard.some((report) => report.agents_reporting === 1);
      },
      { everyMs: 50, timeoutMs: 60_000, describe: 'a window with the good agent' },
    );
  });

  test('on the beat is counted and moves nothing', async () => {
    await using stage = await Stage.open();
    await using replica = await stage.reverb();
    const { connection } = stage.bus;
    stage.pulse.start();
    await until(() => stage.heard.length >= 1);
    const subject = backbeat.beats.subject.at({ cluster: CLUSTER });
    const frame = stage.pulse.frame();
    for (const body of [
      '',
      '{',
      JSON.stringify({ ...frame, tempo_bpm: 1e9 }),
      JSON.stringify({ ...frame, beat_index: -1 }),
      JSON.stringify(frame).replace(/"beat_index":\d+/, '"beat_index":1e400'),
      JSON.stringify({ ...frame, cluster_id: 'other' }),
      ' '.repeat(1_000_000),
    ])
      connection.publish(subject, body);
    connection.publish(subject, JSON.stringify({ ...frame, beat_index: 0 }));
    connection.publish(subject, JSON.stringify({ ...frame, beat_index: 2 ** 53 - 1 }));
    // At least: on a busy host an honest frame may come out of its time too.
    await until(() => (replica.reverb.tally.brokenByKind['beat_implausible'] ?? 0) >= 1);
    expect(replica.reverb.tally.brokenByKind).toMatchObject({ beat_malformed: 6, beat_foreign_cluster: 1 });
    const count = stage.heard.length;
    await until(() => stage.heard.length >= count + 2, { timeoutMs: 60_000 });
    stage.pulse.stop();
    const firsts = (await stage.stored()).map(({ from_beat: from }) => from);
    expect(firsts).toEqual(firsts.map((_, i) => (firsts[0] ?? 0) + i * 4));
  });
});
