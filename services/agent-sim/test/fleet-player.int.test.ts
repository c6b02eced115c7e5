import { claimSlot, startFleetLink } from '@whoosh/backbeat-sdk';
import { ManualClock, TestPulse } from '@whoosh/backbeat-sdk/testing';
import { type Bus, connectBus } from '@whoosh/bus';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog, startNats, type TestNats, until } from '@whoosh/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLAIMS_WAITING_MAX, FleetPlayer } from '../src/fleet-player.ts';
import { readScore } from '../src/score-file.ts';

const PATIENT = { timeoutMs: 60_000 };
const AGENTS = 200;

let nats: TestNats;
let bus: Bus;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectBus({
    servers: nats.url,
    service: 'test',
    profile: 'beat',
    log: quietLog(),
    registry: newRegistry('test'),
  });
  await bus.ensureStreams(['BACKBEAT_BEATS', 'BACKBEAT_CLAIMS']);
});
afterAll(async () => {
  await bus[Symbol.asyncDispose]();
  await nats[Symbol.asyncDispose]();
});

/** Beats of agents that were lived, with a word or without. */
function lived({ figures: { said, silent, held } }: FleetPlayer): number {
  return said.honest + said.duplicate + said.late + said.lie + silent + held;
}

test('agents speak at their own places; whom the next beat overtakes is held, and no claim carries a wrong beat', async () => {
  // Time passes when the test says so: a beat is a minute, and no machine is too slow for it.
  const clock = new ManualClock();
  const pulse = new TestPulse({ connection: bus.connection, clusterId: 'c', tempoBpm: 1 });
  await using link = await startFleetLink({ clusterId: 'c', connection: bus.connection, clock });
  const agentIds = Array.from({ length: AGENTS }, (_, i) => `sim-${i}`);
  const score = await readScore(undefined);
  await using player = new FleetPlayer({ link, score, agentIds, seed: 3, rate: 1, joinStaggerMs: 0 });
  link.onBeat((beat) => player.play(beat));

  pulse.beat();
  await until(() => player.figures.beats === 1, PATIENT);
  for (const part of [1 / 8, 1 / 4]) {
    clock.advance(60_000 / 8);
    const due = agentIds.filter((agentId) => claimSlot(agentId) <= part).length;
    await until(() => lived(player) === due, PATIENT);
    expect(player.figures.held).toBe(0);
  }
  // The next one comes before the others had their turn.
  pulse.beat();
  await until(() => player.figures.beats === 2, PATIENT);
  expect(player.figures.held).toBeGreaterThan(0);
  clock.advance(60_000 / 2);
  await until(() => lived(player) === 2 * AGENTS, PATIENT);
  clock.advance(10);
  await until(() => {
    clock.advance(1);
    const { sent, stored } = player.figures;
    return sent > 0 && sent === stored;
  }, PATIENT);
  const { sent, lost, waiting } = player.figures;
  expect({ lost, waiting }).toEqual({ lost: 0, waiting: 0 });

  const consumer = await bus.js.consumers.get('BACKBEAT_CLAIMS', { filter_subjects: 'backbeat.c.claim.*' });
  const beats = new Map<string, number>();
  for await (const message of await consumer.fetch({ max_messages: sent, expires: 5_000 })) {
    const { beat_index: beat } = message.json<{ beat_index: number }>();
    const key = `${message.subject} ${beat}`;
    beats.set(key, (beats.get(key) ?? 0) + 1);
  }
  for (const agentId of agentIds) {
    const first = beats.get(`backbeat.c.claim.${agentId} 0`) ?? 0;
    if (claimSlot(agentId) > 1 / 4) expect(first).toBe(0);
  }
  expect([...beats.values()].reduce((sum, count) => sum + count, 0)).toBe(sent);
});

test('with 40,000 claims that nobody stores the fleet holds its tongue, and lives on', async () => {
  const clusterId = 'full';
  // No claim leaves before the clock goes on: to the fleet a sender that gets no answer.
  const clock = new ManualClock();
  const pulse = new TestPulse({ connection: bus.connection, clusterId, tempoBpm: 1 });
  await using link = await startFleetLink({ clusterId, connection: bus.connection, clock });
  const agentIds = Array.from({ length: CLAIMS_WAITING_MAX + 5_000 }, (_, i) => `sim-${i}`);
  const read = await readScore(undefined);
  // Everybody speaks on every beat, and once.
  const score = { ...read, claims: { ...read.claims, agents: 0 }, silence: { ...read.silence, agents: 0 } };
  await using player = new FleetPlayer({ link, score, agentIds, seed: 3, rate: 1, joinStaggerMs: 0 });
  link.onBeat((beat) => player.play(beat));

  pulse.beat();
  await until(() => player.figures.beats === 1, PATIENT);
  clock.advance(60_000 / 2);
  await until(() => lived(player) === agentIds.length, PATIENT);
  const { sent, held, waiting, silent, lost } = player.figures;
  expect({ waiting, silent, lost }).toEqual({ waiting: CLAIMS_WAITING_MAX, silent: 0, lost: 0 });
  expect(sent + held).toBe(agentIds.length);
  expect(held).toBeGreaterThan(0);

  // Whoever waited in vain leaves room.
  await link.close();
  await until(() => player.figures.waiting === 0, PATIENT);
  expect(player.figures).toMatchObject({ sent, held, lost: CLAIMS_WAITING_MAX });
});
