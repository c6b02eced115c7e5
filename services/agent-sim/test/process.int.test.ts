import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TestPulse } from '@whoosh/backbeat-sdk/testing';
import { type Bus, connectBus } from '@whoosh/bus';
import { councils } from '@whoosh/contracts';
import { newRegistry } from '@whoosh/telemetry';
import { quietLog, startNats, until } from '@whoosh/testkit';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const PATIENT = { timeoutMs: 60_000 };

/** A process of agent-sim, its words and its admin pages. */
async function startProcess(flags: readonly string[], env: Record<string, string> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'whoosh-sim-'));
  const portsFile = join(directory, 'admin.json');
  const child = spawn(process.execPath, [MAIN, ...flags], {
    env: {
      PATH: process.env['PATH'],
      BACKBEAT_ADMIN_PORT: '0',
      WHOOSH_ADMIN_PORTS_FILE: portsFile,
      WHOOSH_OPENTELEMETRY_ENABLED: 'false',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let said = '';
  child.stdout.on('data', (chunk) => (said += String(chunk)));
  const page = async (path: string) => {
    const { url } = JSON.parse(await readFile(portsFile, 'utf8')) as { url: string };
    return fetch(`${url}${path}`);
  };
  return {
    exited,
    stop: () => child.kill('SIGTERM'),
    /** The lines of the log with this message. */
    lines: (msg: string) =>
      said
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => line['msg'] === msg),
    metrics: async () => (await page('/metrics')).text(),
    /** What is missing, by name. */
    missing: async () => {
      const answer = (await (await page('/ready')).json()) as { failing?: Record<string, string> };
      return answer.failing ?? {};
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function openBus(servers: string): Promise<Bus> {
  const log = quietLog();
  return connectBus({ servers, service: 'test', profile: 'beat', log, registry: newRegistry('test') });
}

function figure(metrics: string, name: string): number {
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(metrics)?.[1] ?? Number.NaN);
}

test('a fleet names the broker it waits for, then plays, shows its figures, and sums them up; with a duration it ends by itself', async () => {
  await using nats = await startNats();
  await nats.kill('SIGTERM');
  const where = ['--cluster', 'c', '--nats', nats.url];
  await using fleet = await startProcess([...where, '--agents', '30', '--join-stagger', '1ms']);
  const reason = `no broker at ${nats.url}: connection refused`;
  await until(async () => (await fleet.missing())['nats'] === reason, PATIENT);
  await until(() => fleet.lines('waiting for the broker').length > 0, PATIENT);

  await nats.restart();
  await using bus = await openBus(nats.url);
  await bus.ensureStreams(['BACKBEAT_BEATS', 'BACKBEAT_CLAIMS']);
  // Beside it, in a cluster without a pulse, one that ends by itself.
  await using brief = await startProcess(['--cluster', 'd', '--nats', nats.url, '--duration', '50ms']);
  await until(async () => Object.keys(await fleet.missing()).join() === 'beat', PATIENT);
  using pulse = new TestPulse({ connection: bus.connection, clusterId: 'c', tempoBpm: 300 });
  pulse.start();
  await until(async () => figure(await fleet.metrics(), 'agent_sim_claims_stored_total') >= 60, PATIENT);
  expect(await fleet.missing()).toEqual({});
  const metrics = await fleet.metrics();
  expect(figure(metrics, 'agent_sim_agents')).toBe(30);
  expect(figure(metrics, 'agent_sim_beats_total')).toBeGreaterThanOrEqual(2);
  expect(figure(metrics, 'agent_sim_claims_lost_total')).toBe(0);
  expect(figure(metrics, 'agent_sim_claim_store_seconds_count')).toBeGreaterThan(0);
  await until(() => fleet.lines('fleet').length >= 2, PATIENT);
  expect(fleet.lines('fleet').at(-1)).toMatchObject({ tempo_bpm: 300, agents: 30, lost: 0 });

  fleet.stop();
  expect(await fleet.exited).toEqual([0, null]);
  const [end] = fleet.lines('the fleet has ended') as {
    sent: number;
    stored: number;
    lost: number;
    waiting: number;
  }[];
  expect(end).toMatchObject({ agents: 30, lost: 0, waiting: 0 });
  expect(end?.sent).toBe(end?.stored);
  expect(await brief.exited).toEqual([0, null]);
  expect(brief.lines('the fleet has ended')).toMatchObject([{ sent: 0, waiting: 0 }]);
});

/** A gateway that registers everybody, and answers the rest as it is told; `asked` is what it was asked for. */
async function startGateway(answer: (request: string) => { status: number; body: object } | undefined) {
  const asked: string[] = [];
  const gateway = createServer((incoming, response) => {
    const request = `${incoming.method} ${incoming.url?.replace('/api/v1', '')}`;
    asked.push(request);
    incoming.resume();
    const token = { token: 't', expires_at: new Date(Date.now() + 3_600_000).toISOString() };
    const registered = { status: 200, body: { data: token } };
    const isRegistration = request === 'POST /agents/register';
    const { status, body } = isRegistration ? registered : (answer(request) ?? { status: 404, body: {} });
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await once(gateway.listen(0, '127.0.0.1'), 'listening');
  const { port } = gateway.address() as AddressInfo;
  return {
    asked,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      gateway.closeAllConnections();
      await new Promise((resolve) => gateway.close(resolve));
    },
  };
}

const TASK = '00000000-0000-4000-8000-000000000001';
const OWNER = '00000000-0000-4000-8000-000000000002';
const soloEnv = (role: string, natsUrl: string, endpoint: string) => ({
  CHORUS_AGENT_NAME: role,
  CHORUS_AGENT_ID: 'agent-7',
  CHORUS_TASK_ID: TASK,
  CHORUS_BACKBEAT_NATS_URL: natsUrl,
  CHORUS_BACKBEAT_CLUSTER_ID: 'c',
  WHOOSH_ENDPOINT: endpoint,
  WHOOSH_AGENT_TOKEN: 'token',
});

test('one agent that has registered names the broker it waits for; told to end, it says farewell all the same', async () => {
  await using gateway = await startGateway(() => undefined);
  const env = soloEnv('backend', 'nats://127.0.0.1:1', gateway.url);
  await using agent = await startProcess([], { ...env, CHORUS_TEAM_ID: OWNER });
  const reason = 'no broker at nats://127.0.0.1:1: connection refused';
  await until(async () => (await agent.missing())['nats'] === reason, PATIENT);
  expect(gateway.asked).toEqual(['POST /agents/register']);
  agent.stop();
  expect(await agent.exited).toEqual([0, null]);
  expect(gateway.asked.slice(1)).toEqual(['PUT /agents/agent-7/status']);
});

test('an agent whose seat is kept for another one claims it when it is announced as open', async () => {
  const claim = `POST /councils/${OWNER}/claims`;
  const reserved = { code: 'taken', reserved_until: new Date(Date.now() + 3_600_000).toISOString() };
  await using gateway = await startGateway((request) =>
    request === claim ? { status: 409, body: { error: 'reserved', details: reserved } } : undefined,
  );
  await using nats = await startNats();
  await using bus = await openBus(nats.url);
  await bus.ensureStreams(['BACKBEAT_BEATS', 'BACKBEAT_CLAIMS']);
  await using agent = await startProcess([], {
    ...soloEnv('eng-lead', nats.url, gateway.url),
    CHORUS_COUNCIL_ID: OWNER,
  });
  using pulse = new TestPulse({ connection: bus.connection, clusterId: 'c', tempoBpm: 300 });
  pulse.start();
  const claims = () => gateway.asked.filter((request) => request === claim).length;
  await until(() => claims() === 1, PATIENT);
  const offer = {
    type: 'whoosh.opportunity.v1' as const,
    id: `${OWNER}-eng-lead`,
    council_id: OWNER,
    task_id: TASK,
    project: 'owner/name',
    role: 'eng-lead',
    capabilities: ['eng-lead'],
    closes_at: new Date(Date.now() + 3_600_000).toISOString(),
  };
  const say = (role: string): void => {
    bus.publish(councils.opportunities.subject.at({ id: offer.id }), { ...offer, role });
  };
  bus.connection.publish(councils.opportunities.subject.at({ id: offer.id }), 'not json');
  say('qa-lead');
  const beat = pulse.index;
  await until(() => pulse.index > beat + 3, PATIENT);
  expect(claims()).toBe(1);
  await until(() => {
    say('eng-lead');
    return claims() >= 2;
  }, PATIENT);
  expect(await agent.missing()).toEqual({});
  agent.stop();
  expect(await agent.exited).toEqual([0, null]);
});
