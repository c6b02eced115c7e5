import { claimSignatures, type HeaderSource } from '@whoosh/backbeat-sdk/claim-signatures';
import { readTrustedKeys } from '@whoosh/backbeat-sdk/keys';
import { TestSigner } from '@whoosh/backbeat-sdk/testing';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { type ListenOptions, type SaidClaim, ClaimTrust } from './claim-trust.ts';
import { OrchestratorMetrics } from './metrics.ts';

const SLOW = { timeoutMs: 60_000 };
const UNTIL_MS = Date.UTC(2027, 0, 1);
const a = new TestSigner('a1', 'a');
const starter = new TestSigner('w1', 'w-*');
const brought = starter.vouchFor('w-1', 'c');
const keys = readTrustedKeys([`${a.line} until=2027-01-01T00:00:00Z`, starter.line].join('\n'));

/** Of an agent with a number, which tells claims apart afterwards. */
function say(agentId: string, beatIndex: number, by?: TestSigner, over: Partial<SaidClaim> = {}): SaidClaim {
  const payload = new TextEncoder().encode(`${agentId} ${beatIndex}`);
  const headers: HeaderSource | undefined = by?.headers(payload);
  const claim = { beatIndex, state: 'idle', taskId: null, beatsLeft: null, progress: null, at: 1 } as const;
  return { agentId, claim, heardAt: 1, payload, headers, ...over };
}

function openTrust(required: boolean, isNews: ListenOptions['isNews'] = () => true) {
  const signatures = claimSignatures({ keys, required });
  if (signatures === undefined) throw new Error('a policy has settings');
  const metrics = new OrchestratorMetrics(newRegistry('test'));
  const trust = new ClaimTrust({ signatures, cluster: 'c', metrics, log: quietLog() });
  const believed: string[] = [];
  const lane = trust.listen({
    isNews,
    onBelieved: (agentId, { beatIndex }) => void believed.push(`${agentId} ${beatIndex}`),
  });
  return {
    trust,
    lane,
    believed,
    refused: async () => {
      const { values } = await metrics.claimsRefused.get();
      return Object.fromEntries(values.map(({ labels, value }) => [labels.reason, value]));
    },
    async [Symbol.asyncDispose]() {
      lane[Symbol.dispose]();
      await trust[Symbol.asyncDispose]();
    },
  };
}

const GENUINE = [say('a', 1, a), say('w-1', 2, brought), say('w-2', 3, starter)];
const FORGED = [
  say('a', 11, starter),
  say('w-2', 12, brought),
  say('a', 13, new TestSigner('a1', 'a')),
  say('a', 14, a, { payload: new TextEncoder().encode('another') }),
  say('w-1', 15, new TestSigner('w1', 'w-*').vouchFor('w-1', 'c')),
  say('w-1', 16, starter.vouchFor('w-1', 'another-cluster')),
];
const UNSIGNED = [say('a', 21), say('w-1', 22)];
// Of a beat before its key ended, heard when it had.
const LATE = say('a', 31, a, { heardAt: UNTIL_MS });
const ALL = [...FORGED, ...GENUINE, ...UNSIGNED, LATE, say('a', 99, a)];

test.each([
  { required: true, counts: { signature: 7, unsigned: 2 }, unsigned: [] },
  { required: false, counts: { signature: 7 }, unsigned: ['a 21', 'w-1 22'] },
])('only what is signed as it must be is heard; required: $required', async (row) => {
  await using open = openTrust(row.required);
  for (const said of ALL) open.lane.put(said);
  await until(() => open.believed.includes('a 99'), SLOW);
  expect(open.believed).toEqual(['a 1', 'w-1 2', 'w-2 3', ...row.unsigned, 'a 99']);
  expect(await open.refused()).toEqual(row.counts);
});

test.each([true, false])('the same holds for what was said meanwhile; required: %s', async (required) => {
  await using open = openTrust(required);
  const many = Array.from({ length: 150 }, (_, i) => say('a', 100 + i, i % 3 === 0 ? starter : a));
  const believed = await open.trust.believed([...ALL, ...many]);
  expect(believed.map(({ beatIndex }) => beatIndex)).toEqual([
    1,
    2,
    3,
    ...(required ? [] : [21, 22]),
    99,
    ...many.flatMap(({ claim }, i) => (i % 3 === 0 ? [] : [claim.beatIndex])),
  ]);
  expect(await open.trust.believed([])).toEqual([]);
});

test('what tells nothing is not verified, and is no refusal', async () => {
  await using open = openTrust(false, (_agent, { beatIndex }) => beatIndex >= 50);
  // Wrong, which only a verification would show.
  open.lane.put(say('a', 1, new TestSigner('a1', 'a')));
  open.lane.put(say('a', 2));
  open.lane.put(say('a', 50, a));
  await until(() => open.believed.includes('a 50'), SLOW);
  expect(open.believed).toEqual(['a 2', 'a 50']);
  expect(await open.refused()).toEqual({});
});

test('what the thread has no time for is left out, and nothing else', async () => {
  await using open = openTrust(true);
  const said = say('a', 1, a, { payload: new Uint8Array(1024 * 1024) });
  // Sixteen of this size may wait. Without a pause, so that no thread can answer.
  for (let i = 0; i < 20; i += 1) open.lane.put(said);
  expect(await open.refused()).toEqual({ overrun: 4 });
  await until(async () => (await open.refused())['signature'] === 16, SLOW);
  open.lane.put(say('a', 2, a));
  await until(() => open.believed.includes('a 2'), SLOW);
});
