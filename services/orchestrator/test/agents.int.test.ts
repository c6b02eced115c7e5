import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { agents, backbeat, deployments, teams } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { openStation } from './orchestrator-process.ts';
import { openRestDoor, SERVICE_TOKEN } from './rest-door.ts';
import { ScriptedCouncil } from './scripted-council.ts';
import { CLUSTER, composedTeam, startWorld } from './world.ts';

const AGENT_SIM = fileURLToPath(new URL('../../agent-sim/src/main.ts', import.meta.url));
const TIMEOUT_MS = 180_000;

async function open(options: { refusals?: number; roles?: readonly string[] } = {}) {
  const resources = new AsyncDisposableStack();
  const world = resources.use(await startWorld());
  const door = resources.use(await openRestDoor(await world.newBus('gateway')));
  const station = resources.use(await openStation(world, door.url));
  const council = new ScriptedCouncil(world, options);
  const said: backbeat.StatusClaim[] = [];
  world.bus.connection.subscribe(`backbeat.${CLUSTER}.claim.*`, {
    callback: (_failure, message) => {
      const read = backbeat.StatusClaim.safeParse(message.json());
      if (read.success) said.push(read.data);
    },
  });
  await world.bus.flush();
  world.pulse.start();
  station.start();
  const caller = await world.newBus('caller');
  await until(() => caller.call(deployments.listDeployments, { limit: 1 }), { timeoutMs: 30_000 });
  await council.open(await world.newBus('council'));
  const all = async () =>
    (await caller.call(deployments.listDeployments, { owner_id: council.view.id, limit: 50 })).items;
  const allAre = async (status: string, count = 3) => {
    await until(
      async () => {
        const items = await all();
        return items.length === count && items.every((one) => one.status === status);
      },
      { timeoutMs: 60_000, describe: `${count} deployments that are ${status}` },
    );
  };
  return { resources, world, door, station, council, said, caller, all, allAre };
}

test(
  'a council gets its agents, they take their seats, write, read and vote, and leave when it is done',
  { timeout: TIMEOUT_MS },
  async () => {
    const { resources, world, station, council, said, caller, allAre } = await open({ refusals: 2 });
    await using _all = resources;
    await until(() => council.view.status === 'completed', {
      timeoutMs: 60_000,
      describe: () => JSON.stringify(council.view),
    });
    expect(council.turnedAway.length).toBe(6);
    expect(council.artifacts.map(({ kind }) => kind).toSorted()).toEqual([
      'gate_tests',
      'kickoff_manifest',
      'scaffold_plan',
      'seminal_decision_record',
    ]);
    for (const { content, votes } of council.artifacts) {
      expect(content).toContain('Rocket');
      expect(content).toContain('Reach orbit');
      expect([...votes.values()]).toEqual(['yes', 'yes', 'yes']);
    }
    await allAre('removed');
    await until(async () => (await station.living()).length === 0);
    const states = new Set(said.map(({ state }) => state));
    for (const state of ['planning', 'executing', 'reviewing'] as const) expect(states).toContain(state);
    expect(new Set(said.map(({ agent_id }) => agent_id)).size).toBe(3);

    const { items, discovered_count } = await caller.call(agents.listAgents, { limit: 50 });
    expect({ listed: items.length, discovered_count }).toEqual({ listed: 0, discovered_count: 0 });
    const [role] = council.view.core_agents;
    const agent = await caller.call(agents.getAgent, { agent_id: role?.agent_id ?? '' });
    expect(agent).toMatchObject({ status: 'offline', source: 'deployed', council_id: council.view.id });
    const history = await world.db
      .selectFrom('orchestrator_history')
      .select('to_state')
      .where('life_id', '=', agent.deployment_id ?? '')
      .orderBy('revision')
      .execute();
    expect(history.map(({ to_state }) => to_state)).toEqual([
      'wanted',
      'creating',
      'running',
      'healthy',
      'draining',
      'removed',
    ]);
  },
);

test(
  'an agent that dies is started again under its own id, and claims its seat again',
  { timeout: TIMEOUT_MS },
  async () => {
    const { resources, station, council, all, allAre } = await open({ roles: ['qa-lead'] });
    await using _all = resources;
    await allAre('healthy', 1);
    const [first] = await station.living();
    process.kill(first?.pid ?? 0, 'SIGKILL');
    await until(async () => (await all())[0]?.attempt === 2 && (await all())[0]?.status === 'healthy', {
      timeoutMs: 60_000,
    });
    const [again] = await station.living();
    expect(await station.living()).toHaveLength(1);
    expect(again?.ref).toBe(first?.ref.replace(/\.1$/, '.2'));
    await until(() => council.view.core_agents[0]?.status === 'claimed');
    await council.cancel();
    await allAre('removed', 1);
    expect(await station.living()).toEqual([]);
  },
);

test(
  'agents outlive the orchestrator, and the next one takes them over as they are',
  { timeout: TIMEOUT_MS },
  async () => {
    const { resources, station, council, all, allAre } = await open();
    await using _all = resources;
    await allAre('healthy');
    const before = await station.living();
    await station.kill('SIGTERM');
    expect((await station.living()).toSorted(byPid)).toEqual(before.toSorted(byPid));
    station.start();
    await council.cancel();
    await until(async () => (await all()).every(({ status }) => status === 'removed'), { timeoutMs: 60_000 });
    expect(await station.living()).toEqual([]);
    expect((await all()).every(({ attempt, generation }) => attempt === 1 && generation === 1)).toBe(true);
  },
);

test(
  'an agent of a team works on its task beat by beat, and the registry tells when',
  { timeout: TIMEOUT_MS },
  async () => {
    const { resources, world, caller, said } = await open({ roles: [] });
    await using _all = resources;
    const team = composedTeam(world.task.id, 'somebody');
    await world.say(teams.teamComposed, team);
    const ofTeam = async () =>
      (await caller.call(deployments.listDeployments, { owner_id: team.id, limit: 9 })).items[0];
    await until(async () => (await ofTeam())?.status === 'healthy', { timeoutMs: 60_000 });
    const agentId = (await ofTeam())?.agent_id ?? '';
    await until(() => said.some(({ agent_id, state }) => agent_id === agentId && state === 'completed'), {
      timeoutMs: 60_000,
    });
    await until(async () => (await caller.call(agents.getAgent, { agent_id: agentId })).activity === 'idle');
    const states = said.filter(({ agent_id }) => agent_id === agentId).map(({ state }) => state);
    expect(states.filter((state, at) => state !== states[at - 1]).slice(0, 4)).toEqual([
      'planning',
      'executing',
      'reviewing',
      'completed',
    ]);
    const changes = await world.db
      .selectFrom('orchestrator_history')
      .select(['to_state'])
      .where('life', '=', 'agent')
      .orderBy('revision')
      .execute();
    expect(changes.map(({ to_state }) => to_state)).toEqual([
      'online (idle)',
      'online (working)',
      'online (idle)',
    ]);
    await world.say(teams.teamCompleted, { ...team, status: 'completed', revision: 2 });
    await until(async () => (await ofTeam())?.status === 'removed', { timeoutMs: 60_000 });
  },
);

test('a fleet makes itself known, is heard, and takes itself back', { timeout: TIMEOUT_MS }, async () => {
  const { resources, world, caller, door } = await open({ roles: [] });
  await using _all = resources;
  const fleet = spawn(
    process.execPath,
    [AGENT_SIM, '--agents', '5', '--cluster', CLUSTER, '--nats', world.natsUrl],
    {
      env: {
        PATH: process.env['PATH'],
        BACKBEAT_ADMIN_PORT: '0',
        LOG_LEVEL: 'warn',
        WHOOSH_OPENTELEMETRY_ENABLED: 'false',
        WHOOSH_ENDPOINT: door.url,
        WHOOSH_SERVICE_TOKEN: SERVICE_TOKEN,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const exited = once(fleet, 'exit');
  const known = async () => (await caller.call(agents.listAgents, { limit: 50 })).items;
  try {
    await until(
      async () => {
        const items = await known();
        return items.length === 5 && items.every(({ last_claim }) => last_claim !== null);
      },
      { timeoutMs: 60_000, describe: 'five agents that were heard' },
    );
    expect(
      (await known()).every(({ source, status }) => source === 'registered' && status === 'online'),
    ).toBe(true);
  } finally {
    fleet.kill('SIGTERM');
  }
  expect(await exited).toEqual([0, null]);
  expect((await known()).map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'offline'));
});

function byPid(a: { pid: number }, b: { pid: number }): number {
  return a.pid - b.pid;
}
