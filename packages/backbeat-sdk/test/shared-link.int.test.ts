import { headers } from '@nats-io/nats-core';
import { connect as connectNats } from '@nats-io/transport-node';
import { startNats, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { checkSignature, connect, KEY_HEADER, listenToBeats, startFleetLink } from '../src/index.ts';
import { addSignature, newPrivateKey, readSigner, readTrustedKeys, trustedKeyLine } from '../src/keys.ts';
import { TestPulse } from '../src/testing/index.ts';
import { makeStreams } from './streams.ts';

async function stage() {
  await using stack = new AsyncDisposableStack();
  const nats = stack.use(await startNats());
  const connection = await connectNats({ servers: nats.url });
  stack.defer(() => connection.close());
  await makeStreams(connection);
  const pulse = stack.use(new TestPulse({ connection, clusterId: 'c', tempoBpm: 1 }));
  const rest = stack.move();
  return { nats, connection, pulse, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

const signerOf = (name: string) => readSigner(name, newPrivateKey());

test('agents of one connection sign with their own keys, and who has none does not sign', async () => {
  await using s = await stage();
  const [a, b, fleetKey] = [signerOf('a'), signerOf('b'), signerOf('fleet')];
  const lines = [trustedKeyLine(a, 'a'), trustedKeyLine(b, 'b'), trustedKeyLine(fleetKey, 'sim-*')];
  const policy = { keys: readTrustedKeys(lines.join('\n')), required: true };
  const heard = new Map<string, string>();
  s.connection.subscribe('backbeat.c.claim.*', {
    callback: (_, message) => {
      const agent = message.subject.split('.').at(-1) ?? '';
      const said = { payload: message.data, headers: message.headers, nowMs: Date.now() };
      heard.set(agent, `${message.headers?.get(KEY_HEADER)} ${checkSignature(policy, agent, said)}`);
    },
  });
  await s.connection.flush();
  const where = { clusterId: 'c', connection: s.connection };
  await using first = await connect({ ...where, agentId: 'a', signer: a });
  await using second = await connect({ ...where, agentId: 'b', signer: b });
  await using third = await connect({ ...where, agentId: 'plain' });
  await using fleet = await startFleetLink({ ...where, signer: fleetKey });
  expect(second.link).toBe(first.link);
  expect(fleet.link).toBe(third.link);
  s.pulse.beat();
  await until(() => first.currentBeat(), { timeoutMs: 30_000 });
  const now = { immediately: true };
  await Promise.all([
    first.emitStatusClaim({ state: 'idle' }, now),
    second.emitStatusClaim({ state: 'idle' }, now),
    third.emitStatusClaim({ state: 'idle' }, now),
    fleet.emitStatusClaim('sim-0001', { state: 'idle' }, now),
    fleet.emitStatusClaim('other', { state: 'idle' }, now),
  ]);
  await until(() => heard.size === 5, { timeoutMs: 30_000 });
  expect(Object.fromEntries(heard)).toEqual({
    a: 'a ok',
    b: 'b ok',
    plain: ' unsigned',
    'sim-0001': 'fleet ok',
    other: 'fleet bad_signature',
  });
});

test.each(['connection', 'address'])(
  'who believes signed frames only hears no other, whoever came before on the same %s',
  async (by) => {
    await using s = await stage();
    const king = signerOf('k1');
    const signatures = { keys: readTrustedKeys(trustedKeyLine(king, '@pulse')), required: true };
    const source = by === 'connection' ? { connection: s.connection } : { natsUrl: s.nats.url };
    await using trusting = await connect({ ...source, clusterId: 'c', agentId: 'a' });
    await using strict = await listenToBeats({ ...source, clusterId: 'c', signatures });
    const forged = s.pulse.beat();
    await until(() => trusting.currentBeat()?.index === forged.beat_index, { timeoutMs: 30_000 });
    await until(() => strict.health().link.refused.unsigned === 1, { timeoutMs: 30_000 });
    expect(strict.currentBeat()).toBeUndefined();

    const payload = new TextEncoder().encode(JSON.stringify(forged));
    const head = headers();
    addSignature(king, payload, head);
    s.connection.publish('backbeat.c.beat', payload, { headers: head });
    await until(() => strict.currentBeat()?.index === forged.beat_index, { timeoutMs: 30_000 });
  },
);

test('an agent with a name that none may have leaves no link behind', async () => {
  await using s = await stage();
  const where = { clusterId: 'c', natsUrl: s.nats.url };
  await expect(connect({ ...where, agentId: 'not.a.name' })).rejects.toThrow(/pattern|invalid/i);
  const connections = async () => {
    const reply = await fetch(`${s.nats.monitoringUrl}/connz?subs=1`);
    const { connections: all } = (await reply.json()) as { connections: { subscriptions_list?: string[] }[] };
    return all.filter(({ subscriptions_list: list = [] }) => list.includes('backbeat.c.beat')).length;
  };
  await until(async () => (await connections()) === 0, { timeoutMs: 30_000 });
});
