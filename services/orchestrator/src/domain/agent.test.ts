import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Agent, type AgentInput, agentState, type HeardClaim, newAgent, stepAgent } from './agent.ts';

const profile = { name: 'a', role: null, capabilities: ['typescript'], model: null, endpoint: null };
const origin = { source: 'registered', deploymentId: null, councilId: null, teamId: null } as const;
const registered = { type: 'registered', at: 1_000, profile, origin } as const;
const fresh = newAgent({ id: 'i', agentId: 'a' }, registered).agent;

function claim(state: HeardClaim['state'], taskId: string | null, at = 2_000): AgentInput {
  return { type: 'claimed', claim: { beatIndex: 1, state, taskId, beatsLeft: null, progress: null, at } };
}
function after(...inputs: AgentInput[]): Agent {
  return inputs.reduce((agent, input) => stepAgent(agent, input).agent, fresh);
}

describe('what an input does to the state', () => {
  const stale = { type: 'silent', at: 20_000, level: 'stale' } as const;
  const offline = { type: 'silent', at: 60_000, level: 'offline' } as const;
  test.each([
    { name: 'a claim with a task is work', inputs: [claim('executing', 't')], state: 'online (working)' },
    { name: 'planning without a task is none', inputs: [claim('planning', null)], state: 'online (idle)' },
    {
      name: 'a blocked one keeps working',
      inputs: [claim('helping', 't'), claim('blocked', 't')],
      state: 'online (working)',
    },
    {
      name: 'a completed one is idle',
      inputs: [claim('reviewing', 't'), claim('completed', 't')],
      state: 'online (idle)',
    },
    { name: 'silence makes it stale', inputs: [stale], state: 'stale' },
    { name: 'longer silence offline', inputs: [stale, offline], state: 'offline' },
    { name: 'what is offline does not become stale', inputs: [offline, stale], state: 'offline' },
    { name: 'a farewell is offline at once', inputs: [{ type: 'farewell', at: 9 }], state: 'offline' },
    {
      name: 'a claim brings it back',
      inputs: [offline, claim('idle', null, 70_000)],
      state: 'online (idle)',
    },
    {
      name: 'a heartbeat keeps its activity',
      inputs: [claim('executing', 't'), { type: 'heartbeat', at: 3_000, activity: undefined }],
      state: 'online (working)',
    },
  ] satisfies { name: string; inputs: AgentInput[]; state: string }[])('$name', ({ inputs, state }) => {
    expect(agentState(after(...inputs))).toBe(state);
  });

  test('only a return from offline begins a new epoch', () => {
    expect(after(stale, claim('idle', null, 30_000)).epoch).toBe(1);
    expect(after(offline, claim('idle', null, 70_000)).epoch).toBe(2);
  });

  test('registering the same again tells nobody, another profile does', () => {
    expect(stepAgent(fresh, { ...registered, at: 5_000 }).transitions).toEqual([]);
    const changed = stepAgent(fresh, { ...registered, profile: { ...profile, model: 'm' } });
    expect(changed.transitions.map(({ event }) => event)).toEqual(['registered']);
    expect(changed.agent.model).toBe('m');
  });

  test('who registers after having been offline is registered and online, each with its revision', () => {
    const gone = after(offline);
    const back = stepAgent(gone, { ...registered, at: 70_000, profile: { ...profile, name: 'b' } });
    expect(back.transitions.map(({ event, agent }) => [event, agent.revision])).toEqual([
      ['registered', gone.revision + 1],
      ['online', gone.revision + 2],
    ]);
  });

  test('a withdrawn one is offline and no longer listed', () => {
    const gone = after({ type: 'withdrawn', at: 8_000, reason: 'its deployment was removed' });
    expect(gone).toMatchObject({ status: 'offline', removedAt: 8_000 });
  });

  test('an older claim does not replace a newer one', () => {
    expect(after(claim('executing', 't', 9_000), claim('planning', 't', 4_000)).lastClaim?.at).toBe(9_000);
  });
});

const instants = fc.integer({ min: 1_000, max: 100_000 });
const inputs: fc.Arbitrary<AgentInput> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('idle', 'planning', 'executing', 'blocked', 'completed', 'helping'),
      fc.option(fc.constant('t')),
      instants,
    )
    .map(([state, taskId, at]) => claim(state as HeardClaim['state'], taskId, at)),
  instants.map((at) => ({ type: 'silent' as const, at, level: 'stale' as const })),
  instants.map((at) => ({ type: 'silent' as const, at, level: 'offline' as const })),
  instants.map((at) => ({ type: 'farewell' as const, at })),
  instants.map((at) => ({ ...registered, at })),
  instants.map((at) => ({ type: 'heartbeat' as const, at, activity: undefined })),
);

test('every change has its own revision, its chain has no gap, and the epoch never falls', () => {
  fc.assert(
    fc.property(fc.array(inputs), (list) => {
      let agent = fresh;
      for (const input of list) {
        const step = stepAgent(agent, input);
        let state = agentState(agent);
        for (const [index, transition] of step.transitions.entries()) {
          expect(transition.agent.revision).toBe(agent.revision + index + 1);
          expect(transition.from).toBe(state);
          state = transition.to;
        }
        expect(step.agent.revision).toBe(agent.revision + step.transitions.length);
        expect(agentState(step.agent)).toBe(state);
        expect(step.agent.epoch).toBeGreaterThanOrEqual(agent.epoch);
        agent = step.agent;
      }
    }),
  );
});

test('an input said twice is told once', () => {
  fc.assert(
    fc.property(fc.array(inputs), inputs, (list, input) => {
      const once = stepAgent(after(...list), input).agent;
      expect(stepAgent(once, input).transitions).toEqual([]);
    }),
  );
});
