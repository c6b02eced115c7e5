import { newPrivateKey, readSigner, type Signer } from '@whoosh/backbeat-sdk/keys';
import { TestPulse } from '@whoosh/backbeat-sdk/testing';
import { councils, tasks } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { type Council } from '../src/domain/council.ts';
import { type CouncilInput } from '../src/domain/input.ts';
import { replay } from '../src/domain/step.ts';
import { CouncilStore } from '../src/store/councils.ts';
import { ADMIN, agentPrincipal, BEAT_MS, World, CLUSTER, CORE, TEMPO_BPM } from './running-council.ts';

const AUTHORS = [
  ['kickoff_manifest', 'product-manager'],
  ['seminal_decision_record', 'eng-lead'],
  ['scaffold_plan', 'eng-lead'],
  ['gate_tests', 'qa-lead'],
] as const;

const addAll = async (world: World, councilId: string) => {
  for (const [kind, author] of AUTHORS)
    await world.add(councilId, kind, author, `# ${kind}\n\nof ${councilId}`);
};

/** The same council whatever the order in which the database gives equal things. */
const comparable = (council: Council | undefined) =>
  council && {
    ...council,
    artifacts: council.artifacts.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    votes: council.votes.toSorted((a, b) => (a.artifactId + a.role < b.artifactId + b.role ? -1 : 1)),
  };

test('artifacts and votes complete it on the beat, and the history makes the same council again', async () => {
  await using world = await World.start({ instances: 2, pulse: true });
  const task = await world.brief();
  const council = await world.activate(await world.formed(task));
  expect(council.round?.opened_at_beat).toBe(100);
  await addAll(world, council.id);
  const phases = [];
  let view = council;
  for (let at = 0; at < 3; at += 1) {
    view = await world.nextPhase(task.id);
    phases.push(view.round?.phase);
  }
  expect(phases).toEqual(['critique', 'revise', 'vote']);
  for (const artifact of view.artifacts) {
    await world.vote(artifact, 'product-manager', 'yes');
    await world.vote(artifact, 'eng-lead', 'yes');
  }
  const ended = await world.nextPhase(task.id);
  expect(ended).toMatchObject({ status: 'completed', reason: 'all artifacts are ratified' });
  expect(ended.artifacts.map(({ ratified, votes_yes: yes, votes_no: no }) => [ratified, yes, no])).toEqual(
    AUTHORS.map(() => [true, 2, 1]),
  );
  expect(ended.core_agents.every(({ status }) => status === 'released')).toBe(true);

  await until(() => world.happenings(council.id).includes('completed'));
  const left = ['vote_cast', 'role_claimed'];
  expect(world.happenings(council.id).filter((one) => !left.includes(one))).toEqual([
    'forming',
    'role_offered',
    'active',
    ...AUTHORS.map(() => 'artifact_added'),
    'phase_changed',
    'phase_changed',
    'phase_changed',
    'round_closed',
    'completed',
  ]);
  const told = world.events.filter(({ subject }) => subject === council.id);
  expect(told.map(({ revision }) => revision)).toEqual(told.map((_, at) => at + 1));

  const rows = await world.db
    .selectFrom('council_history')
    .selectAll()
    .where('life_id', '=', council.id)
    .orderBy('revision')
    .execute();
  const inputs = rows.flatMap(({ input }) => (input === null ? [] : [input as unknown as CouncilInput]));
  const stored = await new CouncilStore().load(world.db, council.id);
  expect(comparable(replay(inputs))).toEqual(comparable(stored));
});

test('a beat that the pulse has not signed moves no round, and silences no pulse', async () => {
  const pulseSigner = readSigner('pulse', newPrivateKey());
  await using world = await World.start({ pulse: true, pulseSigner });
  const task = await world.brief();
  const council = await world.activate(await world.formed(task));
  await addAll(world, council.id);
  const [listener] = world.listeners;
  const heard = () => listener?.currentBeat()?.index ?? -1;
  const beat = async () => {
    const { beat_index: index } = world.pulse.beat();
    await until(() => heard() >= index, { describe: `beat ${index} to be heard` });
  };
  while (world.pulse.index < 104) {
    world.clock.advance(BEAT_MS);
    await beat();
  }
  world.clock.advance(BEAT_MS);
  // On time, the next of its line, a downbeat, and of a leader that would silence the one there is.
  const forge = (signer?: Signer) => {
    const { connection } = world.bus;
    const { epoch, index } = world.pulse;
    const of = { connection, clusterId: CLUSTER, epoch, term: 99, firstIndex: index, tempoBpm: TEMPO_BPM };
    using forged = new TestPulse({ ...of, ...(signer && { signer }) });
    expect(forged.beat()).toMatchObject({ beat_index: 104, downbeat: true });
  };
  forge();
  forge(readSigner('pulse', newPrivateKey()));
  await until(() => listener?.link.counters.refused.bad_signature === 1);
  expect(listener?.link.counters.refused).toMatchObject({ unsigned: 1, bad_signature: 1 });
  expect(heard()).toBe(103);
  await beat();
  await world.until(task.id, ({ round }) => round?.phase_opened_at_beat === 104);
  expect((await world.nextPhase(task.id)).round).toMatchObject({
    phase: 'revise',
    phase_opened_at_beat: 108,
  });
});

test('without an agreement it fails after its third round, with every silence on record', async () => {
  await using world = await World.start({ pulse: true });
  const task = await world.brief();
  const council = await world.activate(await world.formed(task));
  await addAll(world, council.id);
  let view = council;
  while (view.round?.phase !== 'vote') view = await world.nextPhase(task.id);
  const [manifest] = view.artifacts;
  if (manifest === undefined) throw new Error('no artifact');
  await world.vote(manifest, 'qa-lead', 'no', 'a goal is missing');
  await expect(world.vote(manifest, 'qa-lead', 'yes')).rejects.toMatchObject({ code: 'taken' });
  while (view.status === 'active') view = await world.nextPhase(task.id);
  expect(view.status).toBe('failed');
  expect(view.reason).toMatch(/^not_ratified/);
  const rounds = await world.db.selectFrom('council_rounds').selectAll().orderBy('number').execute();
  expect(rounds.map(({ outcome }) => outcome)).toEqual(['revise', 'revise', 'not_ratified']);
  const votes = await world.db.selectFrom('council_votes').select(['vote', 'reason']).execute();
  expect(votes).toHaveLength(AUTHORS.length * CORE.length);
  expect(votes.filter(({ reason }) => reason === 'a goal is missing')).toHaveLength(1);
  expect(votes.filter(({ reason }) => reason === 'no vote by the end of the bar')).toHaveLength(11);
});

test('without a pulse rounds follow the local grid', async () => {
  await using world = await World.start({ localTempoBpm: 600 });
  const task = await world.brief();
  const council = await world.activate(await world.formed(task));
  expect(council.round).toMatchObject({ number: 1, phase: 'propose' });
  await world.until(task.id, ({ round }) => round?.number === 2);
  await until(() => world.happenings(council.id).includes('round_closed'));
  // The next round goes on meanwhile.
  const told = world.happenings(council.id);
  const first = told.slice(0, told.indexOf('round_closed'));
  expect(first.filter((one) => one === 'phase_changed')).toHaveLength(3);
});

test('an artifact is stored once per content, read again with it, and never by the wrong hand', async () => {
  await using world = await World.start();
  const council = await world.activate(await world.formed(await world.brief()));
  const first = await world.add(council.id, 'gate_tests', 'qa-lead', 'Zürich');
  expect(first).toMatchObject({ version: 1, bytes: 7, author_role: 'qa-lead', ratified: false });
  expect(first.ucxl_address).toBe(
    `ucxl://qa-lead:qa-lead@acme.shop:${council.task_id}/*^/council/gate-tests`,
  );
  expect(await world.add(council.id, 'gate_tests', 'qa-lead', 'Zürich')).toEqual(first);
  const read = await world.bus.call(councils.getArtifact, {
    council_id: council.id,
    artifact_id: first.id,
  });
  expect(read.content).toBe('Zürich');
  const { items } = await world.bus.call(councils.listArtifacts, { council_id: council.id, limit: 10 });
  expect(items).toEqual([first]);

  await expect(world.add(council.id, 'gate_tests', 'eng-lead', 'mine')).rejects.toMatchObject({
    code: 'permission_denied',
    details: { role: 'qa-lead', holds: 'eng-lead' },
  });
  const large = 'ü'.repeat(councils.ARTIFACT_BYTES_MAX / 2 + 1);
  await expect(world.add(council.id, 'gate_tests', 'qa-lead', large)).rejects.toMatchObject({
    code: 'too_large',
  });
  await expect(world.add(council.id, 'gate_tests', 'qa-lead', 'a\u0000b')).rejects.toMatchObject({
    code: 'invalid_argument',
  });
});

test('the same key brings the same reply without a second version', async () => {
  await using world = await World.start();
  const council = await world.activate(await world.formed(await world.brief()));
  const request = {
    council_id: council.id,
    kind: 'gate_tests',
    media_type: 'text/plain',
    content: 'one',
  } as const;
  const options = { principal: agentPrincipal('qa-lead'), idempotencyKey: 'k1' };
  const first = await world.bus.call(councils.addArtifact, request, options);
  expect(await world.bus.call(councils.addArtifact, request, options)).toEqual(first);
  await expect(
    world.bus.call(councils.addArtifact, { ...request, content: 'two' }, options),
  ).rejects.toMatchObject({ code: 'failed_precondition', details: { code: 'idempotency_mismatch' } });
});

test('cancelling ends it, also when the issue is closed, and says so', async () => {
  await using world = await World.start();
  const first = await world.formed(await world.brief());
  const request = { id: first.id, reason: 'not now' };
  const cancelled = await world.bus.call(councils.cancelCouncil, request, { principal: ADMIN });
  expect(cancelled).toMatchObject({ status: 'cancelled', reason: 'not now' });
  expect(cancelled.core_agents.every(({ status }) => status === 'released')).toBe(true);

  const task = await world.brief();
  const second = await world.activate(await world.formed(task));
  await world.sayTask(tasks.taskClosed, task, { issue_state: 'closed' });
  await world.until(task.id, ({ status }) => status === 'cancelled');
  await until(() => world.happenings(second.id).includes('cancelled'));
  const event = world.events.find(({ type, subject }) => subject === second.id && type.includes('cancelled'));
  expect(event?.data).toMatchObject({
    status: 'cancelled',
    change: { from: 'active', to: 'cancelled', by: 'monitor', reason: 'the issue was closed' },
  });
  await expect(world.bus.call(councils.getCouncil, { id: task.id })).rejects.toMatchObject({
    code: 'not_found',
  });
});

test('councils are listed newest first, page by page', async () => {
  await using world = await World.start();
  const made: string[] = [];
  for (let at = 0; at < 3; at += 1) made.push((await world.formed(await world.brief())).id);
  const first = await world.bus.call(councils.listCouncils, { limit: 2 });
  expect(first.items.map(({ id }) => id)).toEqual(made.slice(1).toReversed());
  const second = await world.bus.call(councils.listCouncils, { limit: 2, cursor: first.next_cursor ?? '' });
  expect(second.items.map(({ id }) => id)).toEqual(made.slice(0, 1));
  expect(second.next_cursor).toBeNull();
  await expect(world.bus.call(councils.listCouncils, { limit: 2, cursor: 'x' })).rejects.toMatchObject({
    code: 'invalid_argument',
  });
});
