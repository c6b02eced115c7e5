/**
 * The processes of a dev run, in the order of their start. What the user's environment names wins
 * over the values here; secrets go by file.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../paths.ts';
import { type ProcessSpec } from '../supervise/supervised-process.ts';
import { given, type DevSettings } from './dev-settings.ts';
import { type DevSecrets } from './secrets.ts';

const probeTimeoutMs = 2_000;

export interface Addresses {
  readonly nats: string;
  readonly databaseUrl: string | undefined;
  readonly gitea: string;
  readonly gatewayPort: number;
  /** One per pulse, for Raft. */
  readonly raftPorts: readonly number[];
}

interface Service {
  readonly name: string;
  readonly service: string;
  readonly args?: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Values that hold whatever the user's environment says. */
  readonly fixed?: Readonly<Record<string, string>>;
}

export interface ServiceStages {
  readonly beat: readonly ProcessSpec[];
  readonly work: readonly ProcessSpec[];
  readonly door: readonly ProcessSpec[];
  readonly runtime: readonly ProcessSpec[];
  readonly agents: readonly ProcessSpec[];
}

export function serviceStages(
  settings: DevSettings,
  secrets: DevSecrets,
  addresses: Addresses,
): ServiceStages {
  const spec = (service: Service): ProcessSpec => serviceSpec(service, settings, addresses);
  const gateway = `http://127.0.0.1:${addresses.gatewayPort}`;
  const jwt = { WHOOSH_AUTH_JWT_SECRET: secrets.jwt_secret.file };
  const webhook = { WHOOSH_GITEA_WEBHOOK_TOKEN: secrets.webhook_token.file };
  const plain = (name: string): Service => ({ name, service: name, values: {}, secrets: {} });
  return {
    beat: [
      ...addresses.raftPorts.map((_, index) => spec(pulse(index, settings, secrets, addresses))),
      spec({
        name: 'reverb',
        service: 'reverb',
        args: beatArguments(settings, 'reverb-1'),
        values: {},
        secrets: {},
      }),
    ],
    work: [
      spec({
        ...plain('monitor'),
        values: {
          WHOOSH_GITEA_BASE_URL: addresses.gitea,
          WHOOSH_GITEA_WEBHOOK_URL: `${gateway}${webhookPath(settings)}`,
        },
        secrets: { ...webhook, WHOOSH_GITEA_TOKEN: secrets.gitea_token.file },
      }),
      spec(plain('composer')),
    ],
    door: [
      spec({
        ...plain('gateway'),
        values: { WHOOSH_SERVER_ALLOWED_ORIGINS: gateway },
        // The port asked for may be taken, and then this is another one.
        fixed: { WHOOSH_SERVER_LISTEN_ADDR: `${settings.gatewayHost}:${addresses.gatewayPort}` },
        secrets: { ...jwt, ...webhook, WHOOSH_AUTH_SERVICE_TOKENS: secrets.service_token.file },
      }),
    ],
    // After the gateway, so that agents which are told to end can still say so through it.
    runtime: [
      {
        ...spec({
          ...plain('orchestrator'),
          values: {
            WHOOSH_AGENT_RUNTIME: given(settings.env, 'DOCKER_HOST') ? 'auto' : 'process',
            WHOOSH_AGENT_ENDPOINT: gateway,
            WHOOSH_STATE_DIR: settings.directory,
          },
          secrets: jwt,
        }),
        startsAgents: true,
      },
    ],
    // The council comes last and goes first: its rounds do not run while the agents of its seats cannot.
    agents: [
      spec(plain('council')),
      ...(settings.agents === 0
        ? []
        : [
            spec({
              ...plain('agent-sim'),
              args: ['--agents', String(settings.agents), '--cluster', settings.cluster],
              values: { WHOOSH_ENDPOINT: gateway },
              secrets: { WHOOSH_SERVICE_TOKEN: secrets.service_token.file },
            }),
          ]),
    ],
  };
}

function pulse(index: number, settings: DevSettings, secrets: DevSecrets, { raftPorts }: Addresses): Service {
  const name = `pulse-${index + 1}`;
  const peers = raftPorts.map((port, peer) => `pulse-${peer + 1}@127.0.0.1:${port}`).join(',');
  const raft = ['--raft-bind', `127.0.0.1:${raftPorts[index]}`, '--raft-peers', peers];
  const directory = join(settings.directory, 'pulse', name);
  return {
    name,
    service: 'pulse',
    args: [...beatArguments(settings, name), ...raft, '--data-dir', directory],
    values: { BACKBEAT_TEMPO_BPM: String(settings.tempoBpm) },
    secrets: {
      BACKBEAT_ADMIN_TOKEN: secrets.backbeat_admin_token.file,
      BACKBEAT_RAFT_SECRET: secrets.raft_secret.file,
    },
  };
}

/** The path at which the gateway's door is, when the user's environment moves it. */
function webhookPath({ env }: DevSettings): string {
  return env['WHOOSH_GITEA_WEBHOOK_PATH'] || '/webhooks/gitea';
}

function beatArguments(settings: DevSettings, node: string): string[] {
  return ['--cluster', settings.cluster, '--node', node];
}

function serviceSpec(service: Service, settings: DevSettings, addresses: Addresses): ProcessSpec {
  const { name, args = [] } = service;
  const portsFile = adminFile(settings, name);
  const values: Record<string, string> = {
    ...commonValues(settings, addresses),
    ...service.values,
  };
  // Several processes share the user's environment, so one port for all cannot be meant.
  const fixed = {
    [adminPortVariable(service.service)]: '0',
    WHOOSH_ADMIN_PORTS_FILE: portsFile,
    ...service.fixed,
  };
  return {
    name,
    file: join(repositoryRoot, 'services', service.service, 'src', 'main.ts'),
    args,
    cwd: repositoryRoot,
    env: { ...environment(settings, values, service.secrets), ...fixed },
    ready: (pid) => isReady(portsFile, pid),
  };
}

function commonValues(settings: DevSettings, { nats, databaseUrl }: Addresses): Record<string, string> {
  return {
    ENVIRONMENT: 'development',
    NATS_URL: nats,
    ...(databaseUrl === undefined ? {} : { WHOOSH_DATABASE_URL: databaseUrl }),
    WHOOSH_DATABASE_AUTO_MIGRATE: 'false',
    WHOOSH_DATABASE_MAX_OPEN_CONNS: '10',
    WHOOSH_BACKBEAT_CLUSTER_ID: settings.cluster,
    BACKBEAT_BAR_LENGTH: String(settings.barLength),
    WHOOSH_OPENTELEMETRY_ENABLED: 'false',
    WHOOSH_SERVER_SHUTDOWN_TIMEOUT: '8s',
  };
}

/** The user's environment, our values where it names none, and secrets as files in the same way. */
function environment(
  { env }: DevSettings,
  values: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
  const ours = Object.entries(values).filter(([name]) => !given(env, name));
  const files = Object.entries(secrets).filter(([name]) => !given(env, name));
  return {
    ...env,
    ...Object.fromEntries(ours),
    ...Object.fromEntries(files.map(([name, file]) => [`${name}_FILE`, file])),
  };
}

function adminPortVariable(service: string): string {
  const isBackbeat = service === 'pulse' || service === 'reverb' || service === 'agent-sim';
  return isBackbeat ? 'BACKBEAT_ADMIN_PORT' : `WHOOSH_${service.toUpperCase()}_ADMIN_PORT`;
}

export function adminFile({ directory }: DevSettings, name: string): string {
  return join(directory, 'admin', `${name}.json`);
}

/** Addresses of an earlier run would be believed by a reader who does not compare pids. */
export async function clearAdminFiles({ directory }: DevSettings): Promise<void> {
  await rm(join(directory, 'admin'), { recursive: true, force: true });
  await mkdir(join(directory, 'admin'), { recursive: true, mode: 0o700 });
}

/** The admin address that the process with this pid announced, or undefined. */
export async function adminAddress(file: string, pid: number): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const announced = JSON.parse(text) as { url: string; pid: number };
  return announced.pid === pid ? announced.url : undefined;
}

async function isReady(portsFile: string, pid: number): Promise<true | string> {
  const address = await adminAddress(portsFile, pid);
  if (address === undefined) return 'starting';
  const reply = await fetch(`${address}/ready`, { signal: AbortSignal.timeout(probeTimeoutMs) });
  if (reply.ok) return true;
  const { failing } = (await reply.json()) as { failing?: Record<string, string> };
  return Object.entries(failing ?? { ready: `answers ${reply.status}` })
    .map(([name, reason]) => `${name}: ${reason}`)
    .join('; ');
}
