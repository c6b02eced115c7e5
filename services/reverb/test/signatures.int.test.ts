import { connect, readTrustedKeys } from '@whoosh/backbeat-sdk';
import { KeyRing } from '@whoosh/backbeat-sdk/claim-signatures';
import { TestSigner } from '@whoosh/backbeat-sdk/testing';
import { until } from '@whoosh/testkit';
import { type SignatureRules } from '@whoosh/testkit/recomputation';
import { describe, expect, test } from 'vitest';
import { CLUSTER, putRaw, Stage } from './stage.ts';

const a = new TestSigner('a-1', 'a');
const aNext = new TestSigner('a-2', 'a');
const b = new TestSigner('b-1', 'b');
const stranger = new TestSigner('a-1', 'a');
const rotator = new TestSigner('ops', '@rotation');
const starter = new TestSigner('starter', 'w-*');
const trusted = [a, aNext, b, rotator, starter];
const keys = new KeyRing(readTrustedKeys(trusted.map(({ line }) => line).join('\n')));
const rulesOf = (required: boolean): SignatureRules => ({ keys: trusted, required });

const bodyOf = (agent: string, beat: number, hlc: number) =>
  JSON.stringify({
    type: 'backbeat.statusclaim.v1',
    agent_id: agent,
    beat_index: beat,
    state: 'executing',
    hlc: `0000:0000:${hlc.toString(16).padStart(4, '0')}`,
  });
const subjectOf = (agent: string) => `backbeat.${CLUSTER}.claim.${agent}`;

/** One of each: what came, how it was signed, and whether it counts where signatures are required. */
async function speak(stage: Stage, beat: number): Promise<void> {
  const { connection } = stage.bus;
  let hlc = 0;
  const put = async (
    agent: string,
    signer: TestSigner | undefined,
    tamper?: 'payload' | 'header' | 'subject',
  ) => {
    hlc += 1;
    const body = bodyOf(agent, beat, hlc);
    const headers = signer?.headers(body);
    if (tamper === 'header') headers?.set('Backbeat-Signature', 'A'.repeat(86));
    const sent = tamper === 'payload' ? body.replace('executing', 'completed') : body;
    await putRaw(connection, subjectOf(tamper === 'subject' ? 'b' : agent), sent, headers);
  };
  await put('a', a);
  await put('a', aNext);
  await put('b', b);
  await put('a', undefined);
  await put('a', stranger);
  await put('a', b);
  await put('a', new TestSigner('unknown', 'a'));
  await put('a', a, 'payload');
  await put('a', a, 'header');
  await put('a', a, 'subject');
  // Keys that no list has: with the word of one that speaks for many, and with that of others.
  const vouched = starter.vouchFor('w-1', CLUSTER);
  await put('w-1', vouched);
  await put('w-1', starter.vouchFor('w-1', CLUSTER));
  await put('w-2', vouched);
  await put('w-1', vouched, 'payload');
  await put('w-1', starter.vouchFor('w-1', 'another'));
  await put('w-1', a.vouchFor('w-1', CLUSTER));
  await put('w-1', vouched.vouchFor('w-1', CLUSTER));
  await put('a', starter.vouchFor('a', CLUSTER));
  const rotation = (name: string) =>
    JSON.stringify({
      type: 'backbeat.rotation.v1',
      name,
      state: 'required',
      beat_index: beat,
      hlc: '0000:0000:0000',
    });
  await putRaw(
    connection,
    `backbeat.${CLUSTER}.rotation`,
    rotation('mine'),
    rotator.headers(rotation('mine')),
  );
  await putRaw(connection, `backbeat.${CLUSTER}.rotation`, rotation('theirs'), a.headers(rotation('theirs')));
}

const issues = (report: { issues: readonly { category: string; count: number }[] } | undefined) =>
  Object.fromEntries(report?.issues.map(({ category, count }) => [category, count]) ?? []);

describe('signatures', () => {
  test.each([
    { isRequired: true, agents: 3, claims: 5, unsigned: 1 },
    { isRequired: false, agents: 3, claims: 6, unsigned: 0 },
  ])(
    'of another key, agent, payload or subject are refused; required: $isRequired',
    async ({ isRequired, agents, claims, unsigned }) => {
      // Slowly: all that is said has to be stored before the window of its beat is closed.
      await using stage = await Stage.open({ tempoBpm: 120 });
      await using one = await stage.reverb({ signatures: { keys, isRequired } });
      await using two = await stage.reverb({ signatures: { keys, isRequired } });
      stage.pulse.start();
      const beat = await until(() => one.reverb.options.listener.currentWindow());
      await speak(stage, beat.from + 1);
      await until(() => stage.heard.some(({ from_beat: from }) => from === beat.from));
      stage.pulse.stop();
      const { stored, recomputed } = await stage.reportsEqualRecomputation(rulesOf(isRequired));
      expect(stored).toEqual(recomputed);
      const report = stage.heard.find(({ from_beat: from }) => from === beat.from);
      expect(report).toMatchObject({ agents_reporting: agents, secret_rotations_ok: false });
      expect(issues(report)).toMatchObject({
        invalid_claims_signature: 11,
        invalid_claims_foreign_agent: 1,
        invalid_rotations: 1,
        rotations_unmet: 1,
      });
      expect(issues(report)['invalid_claims_unsigned'] ?? 0).toBe(unsigned);
      const id = report?.window_id ?? '';
      await until(() => [one, two].every(({ reverb }) => reverb.recent.get(id) !== undefined));
      expect(one.reverb.recent.get(id)?.report).toEqual(two.reverb.recent.get(id)?.report);
      expect(one.reverb.recent.get(id)?.summary.claims).toBe(claims);
      expect(one.reverb.tally.invalidByReason).toMatchObject({ signature: 11, unsigned });
      expect(one.reverb.tally.brokenByKind).toMatchObject({ rotation_signature: 1 });
    },
  );

  test('of an agent that uses the SDK are believed, hundreds in a beat and in their order', async () => {
    const fleet = new TestSigner('sims', 'sim:*');
    const ring = new KeyRing(readTrustedKeys(fleet.line));
    await using stage = await Stage.open({ tempoBpm: 300 });
    await using replica = await stage.reverb({ signatures: { keys: ring, isRequired: true } });
    await using agents = new AsyncDisposableStack();
    const signer = { keyName: fleet.name, privateKey: fleet.privateKey };
    const connection = stage.bus.connection;
    for (let i = 0; i < 200; i += 1) {
      const agentId = i === 0 ? 'other' : `sim:${i}`;
      const agent = await connect({ clusterId: CLUSTER, connection, agentId, signer });
      agents.defer(() => agent.close());
      agent.onBeat(async () => {
        await agent.emitStatusClaim({ state: 'executing' }).catch(() => undefined);
      });
    }
    stage.pulse.start();
    await until(() => stage.heard.some((report) => report.agents_reporting >= 199), { timeoutMs: 60_000 });
    stage.pulse.stop();
    expect(stage.heard.every((report) => report.agents_reporting <= 199)).toBe(true);
    // Once per beat, of as many beats as the host gave it time for.
    expect(replica.reverb.tally.invalidByReason.signature).toBeGreaterThanOrEqual(1);
    expect(replica.reverb.tally.invalidByReason.unsigned).toBe(0);
  });

  test('are judged the same after a kill in mid-window', async () => {
    await using stage = await Stage.open();
    const signatures = { keys, isRequired: true };
    const first = await stage.reverb({ signatures });
    stage.pulse.start();
    const window = await until(() => first.reverb.options.listener.currentWindow());
    await speak(stage, window.from + 1);
    await first.bus.connection.close();
    await first[Symbol.asyncDispose]();
    await using second = await stage.reverb({ signatures });
    await until(() => stage.heard.length >= 3, { timeoutMs: 60_000 });
    stage.pulse.stop();
    const { stored, recomputed } = await stage.reportsEqualRecomputation(rulesOf(true));
    expect(stored).toEqual(recomputed);
    expect(second.reverb.session?.isCaughtUp).toBe(true);
  });
});
