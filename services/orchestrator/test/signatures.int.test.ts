import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { headers, type Msg } from '@nats-io/nats-core';
import { KeyRing } from '@whoosh/backbeat-sdk/claim-signatures';
import {
  addSignature,
  KEY_HEADER,
  newPrivateKey,
  PULSE_OWNER,
  readSigner,
  readTrustedKeys,
  type Signer,
  trustedKeyLine,
} from '@whoosh/backbeat-sdk/keys';
import { TestPulse, TestSigner } from '@whoosh/backbeat-sdk/testing';
import { Secret } from '@whoosh/config';
import { agents, backbeat, deployments } from '@whoosh/contracts';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { AgentKeys } from '../src/agent-keys.ts';
import { ClaimTrust } from '../src/claim-trust.ts';
import { OrchestratorMetrics } from '../src/metrics.ts';
import { readMissedClaims } from '../src/missed-claims.ts';
import { MovableClock, startComposition } from './composition.ts';
import { openStation } from './orchestrator-process.ts';
import { openRestDoor } from './rest-door.ts';
import { ScriptedCouncil } from './scripted-council.ts';
import { CLUSTER, startWorld, type World } from './world.ts';

const REVERB = fileURLToPath(new URL('../../reverb/src/main.ts', import.meta.url));
const SLOW = { timeoutMs: 60_000 };

/** What reverb says of the claims of all windows so far. */
class Reports {
  readonly all: backbeat.BarReport[] = [];

  count(category: string): number {
    const issues = this.all.flatMap((report) => report.issues);
    return issues.filter((issue) => issue.category === category).reduce((sum, issue) => sum + issue.count, 0);
  }
}

test(
  'agents that are started here sign with keys of their own, which no other can use in their name',
  { timeout: 180_000 },
  async () => {
    const pulse = readSigner('pulse', newPrivateKey());
    const voucherKey = newPrivateKey();
    const list = [
      trustedKeyLine(pulse, PULSE_OWNER),
      trustedKeyLine(readSigner('orchestrator', voucherKey), 'whoosh-*'),
    ].join('\n');
    const trust = { BACKBEAT_KEYS: list, BACKBEAT_REQUIRE_SIGNATURES: 'true' };
    await using world = await startWorld(pulse);
    await using door = await openRestDoor(await world.newBus('gateway'));
    await using station = await openStation(world, door.url, {
      ...trust,
      WHOOSH_AGENT_VOUCHER_KEY: voucherKey,
    });
    const reports = new Reports();
    const claims = new Map<string, Msg>();
    const { connection } = world.bus;
    connection.subscribe(`backbeat.${CLUSTER}.report`, {
      callback: (_failure, message) => void reports.all.push(backbeat.BarReport.parse(message.json())),
    });
    connection.subscribe(`backbeat.${CLUSTER}.claim.*`, {
      callback: (_failure, message) => void claims.set(message.subject.split('.').at(-1) ?? '', message),
    });
    await world.bus.flush();
    await using _reverb = startReverb(world, trust);
    world.pulse.start();
    station.start();
    const council = new ScriptedCouncil(world, { roles: ['qa-lead', 'eng-lead'] });
    await council.open(await world.newBus('council'));
    await until(() => reports.all.some(({ agents_reporting: agents }) => agents === 2), {
      ...SLOW,
      describe: () => `two agents that are believed: ${JSON.stringify(reports.all.at(-1))}`,
    });
    expect(reports.count('invalid_claims_signature') + reports.count('invalid_claims_unsigned')).toBe(0);

    const caller = await world.newBus('caller');
    const listed = { owner_id: council.view.id, limit: 9 };
    const itemsOf = async () => (await caller.call(deployments.listDeployments, listed)).items;
    // The registry believes them as well.
    await until(async () => (await itemsOf()).every(({ status }) => status === 'healthy'), SLOW);
    const items = await itemsOf();
    const signers = new Map<string, Signer>();
    for (const { id, generation, agent_id: agent } of items) {
      const path = join(station.stateDirectory, 'agents', `${id}.${generation}.key`);
      const name = claims.get(agent)?.headers?.get(KEY_HEADER) ?? '';
      signers.set(agent, readSigner(name, await readFile(path, 'utf8')));
    }
    const [[victim, own], [, sibling]] = [...signers] as [[string, Signer], [string, Signer]];
    const stranger = new AgentKeys(new Secret(newPrivateKey()), CLUSTER).issue(victim);
    const say = saying(world, claims.get(victim));
    await say(own);
    await say(undefined);
    await say(sibling);
    await say({ ...sibling, keyName: own.keyName });
    await say(readSigner(stranger.name, stranger.privateKey));
    await until(() => reports.count('invalid_claims_signature') >= 3, SLOW);
    const known = reports.all.length;
    await until(() => reports.all.length > known + 1, SLOW);
    expect(reports.count('invalid_claims_signature')).toBe(3);
    expect(reports.count('invalid_claims_unsigned')).toBe(1);
    expect(Math.max(...reports.all.map(({ agents_reporting: agents }) => agents))).toBe(2);
    await expectUntold(world, await station.logs(), [...signers.values()]);
  },
);

test('a beat that the pulse has not signed moves no limit', async () => {
  const pulse = readSigner('pulse', newPrivateKey());
  await using world = await startWorld(pulse);
  const clock = new MovableClock();
  const keys = readTrustedKeys(trustedKeyLine(pulse, PULSE_OWNER));
  await using composition = await startComposition(world, { clock, signatures: { keys, required: true } });
  const { beat } = composition;
  const agent = { agent_id: 'silent', capabilities: [] };
  const caller = await world.newBus('gateway');
  const principal = { kind: 'service', id: 'service:test', role: 'service' } as const;
  await caller.call(agents.registerAgent, agent, { principal });
  // The first that is heard, of a cluster so slow that three of its beats are longer than 15 s.
  const of = { connection: world.bus.connection, clusterId: CLUSTER, tempoBpm: 10 };
  for (const forger of [{}, { signer: readSigner('pulse', newPrivateKey()) }]) {
    using forged = new TestPulse({ ...of, ...forger });
    forged.beat();
  }
  await until(() => beat.link.counters.refused.bad_signature === 1, SLOW);
  expect(beat.link.counters.refused).toMatchObject({ unsigned: 1, bad_signature: 1 });
  expect(beat.tempo()).toBeUndefined();
  clock.advance(16_000);
  await until(
    async () => (await caller.call(agents.getAgent, { agent_id: agent.agent_id })).status === 'stale',
    SLOW,
  );
  world.pulse.beat();
  await until(() => beat.tempo() === world.pulse.tempoBpm, SLOW);
});

test('nobody is kept alive, or from work, by what others say in its name', async () => {
  const pulse = readSigner('pulse', newPrivateKey());
  const [victim, other, starter] = [
    new TestSigner('v1', 'victim'),
    new TestSigner('o1', 'other'),
    new TestSigner('w1', 'w-*'),
  ];
  await using world = await startWorld(pulse);
  const clock = new MovableClock();
  const lines = [trustedKeyLine(pulse, PULSE_OWNER), ...[victim, other, starter].map(({ line }) => line)];
  const keys = readTrustedKeys(lines.join('\n'));
  await using composition = await startComposition(world, { clock, signatures: { keys, required: true } });
  const caller = await world.newBus('gateway');
  const principal = { kind: 'service', id: 'service:test', role: 'service' } as const;
  for (const agent_id of ['victim', 'other', 'w-1'])
    await caller.call(agents.registerAgent, { agent_id, capabilities: [] }, { principal });
  const agent = (agent_id: string) => caller.call(agents.getAgent, { agent_id });
  const say = (agentId: string, state: backbeat.ClaimState, signer?: TestSigner) =>
    speak(world, { agentId, state, signer });
  world.pulse.beat();
  await until(() => composition.beat.tempo() !== undefined, SLOW);

  await say('w-1', 'executing', starter.vouchFor('w-1', CLUSTER));
  await say('victim', 'executing', victim);
  for (const agentId of ['w-1', 'victim'])
    await until(async () => (await agent(agentId)).activity === 'working', SLOW);

  const forge = async () => {
    await say('victim', 'completed');
    await say('victim', 'completed', other);
    await say('victim', 'completed', new TestSigner('v1', 'victim'));
    await say('victim', 'completed', starter.vouchFor('victim', CLUSTER));
  };
  await forge();
  // Claims are taken in their order: once this one counts, those before it are decided.
  await say('other', 'executing', other);
  await until(async () => (await agent('other')).activity === 'working', SLOW);
  expect(await agent('victim')).toMatchObject({ status: 'online', activity: 'working' });
  const refused = await composition.registry.getSingleMetric('whoosh_status_claims_refused_total')?.get();
  expect(refused?.values.map(({ labels, value }) => [labels['reason'], value]).toSorted()).toEqual([
    ['signature', 3],
    ['unsigned', 1],
  ]);

  // The same for whoever was away meanwhile, and reads them from the stream.
  await using trust = new ClaimTrust({
    signatures: { keys: new KeyRing(keys), isRequired: true },
    cluster: CLUSTER,
    metrics: new OrchestratorMetrics(newRegistry('another')),
    log: quietLog(),
  });
  const missed = { bus: world.bus, cluster: CLUSTER, agentId: 'victim', since: 0 };
  await until(async () => (await readMissedClaims(missed)).length === 5, SLOW);
  expect(await readMissedClaims({ ...missed, trust })).toMatchObject([{ state: 'executing' }]);

  clock.advance(16_000);
  const isStaleAnyway = async () => {
    await forge();
    return (await agent('victim')).status === 'stale';
  };
  await until(isStaleAnyway, SLOW);
  world.pulse.beat();
  await until(async () => {
    await say('victim', 'executing', victim);
    return (await agent('victim')).status === 'online';
  }, SLOW);
});

/** Publishes a claim of the beat that is on. */
async function speak(
  world: World,
  {
    agentId,
    state,
    signer,
  }: { agentId: string; state: backbeat.ClaimState; signer?: TestSigner | undefined },
): Promise<void> {
  const body: backbeat.StatusClaim = {
    type: 'backbeat.statusclaim.v1',
    agent_id: agentId,
    beat_index: world.pulse.index,
    state,
    task_id: 't:1',
    hlc: '7ffd:0001:abcd',
  };
  const payload = new TextEncoder().encode(JSON.stringify(body));
  const subject = backbeat.claims.subject.at({ cluster: CLUSTER, agent: agentId });
  world.bus.connection.publish(subject, payload, signer && { headers: signer.headers(payload) });
  await world.bus.flush();
}

/** Says, in the name of whoever said `last`, something else each time. */
function saying(world: World, last: Msg | undefined): (signer: Signer | undefined) => Promise<void> {
  const subject = last?.subject ?? '';
  const claim = backbeat.StatusClaim.parse(last?.json());
  let said = 0;
  return async (signer) => {
    said += 1;
    const hlc = `ffff:ffff:${said.toString(16).padStart(4, '0')}`;
    const body = { ...claim, beat_index: world.pulse.index - 1, state: 'failed', hlc };
    const payload = new TextEncoder().encode(JSON.stringify(body));
    const head = headers();
    addSignature(signer, payload, head);
    await world.bus.js.publish(subject, payload, { headers: head });
  };
}

/** The private keys are in no row, no event and no log. */
async function expectUntold(world: World, logs: string, signers: readonly Signer[]): Promise<void> {
  const rows = [
    await world.db.selectFrom('deployments').selectAll().execute(),
    await world.db.selectFrom('orchestrator_history').selectAll().execute(),
    await world.db.selectFrom('orchestrator_outbox').selectAll().execute(),
  ];
  const told = `${logs}${JSON.stringify(rows)}`;
  expect(signers).toHaveLength(2);
  for (const { privateKey } of signers) {
    const der = privateKey.export({ format: 'der', type: 'pkcs8' });
    expect(told).not.toContain(der.toString('base64'));
    expect(told).not.toContain(der.subarray(-32).toString('hex'));
  }
}

function startReverb(world: World, trust: Readonly<Record<string, string>>): AsyncDisposable {
  const child: ChildProcess = spawn(
    process.execPath,
    [REVERB, '--cluster', CLUSTER, '--nats', world.natsUrl, '--admin-port', '0', '--node', 'r'],
    {
      env: {
        PATH: process.env['PATH'] ?? '',
        ...trust,
        WHOOSH_OPENTELEMETRY_ENABLED: 'false',
        LOG_LEVEL: 'warn',
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}
