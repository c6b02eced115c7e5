/** The whole of WHOOSH on one machine: started in order, watched, and stopped in reverse order. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, freePortNear } from '../free-port.ts';
import { natsServerBinary } from '../nats-server-binary.ts';
import { repositoryRoot } from '../paths.ts';
import { withProgress, type Say } from '../progress.ts';
import { superviseProcesses, type Supervisor } from '../supervise/supervisor.ts';
import { startBacking, type Backing } from './backing-processes.ts';
import { buildPage } from './build-page.ts';
import { devFilePath, writeDevFile, type DevFile } from './dev-file.ts';
import { type DevSettings } from './dev-settings.ts';
import { withGivenSecrets } from './given-secrets.ts';
import {
  adminAddress,
  adminFile,
  clearAdminFiles,
  serviceStages,
  type ServiceStages,
} from './process-table.ts';
import { runToEnd } from './run-to-end.ts';
import { messageOf } from './say-failure.ts';
import { openSecrets, type DevSecrets } from './secrets.ts';
import { signJwt } from './sign-jwt.ts';

const tokenLifetimeSeconds = 24 * 60 * 60;
const tokenRenewalMs = 6 * 60 * 60 * 1_000;

export interface DevRun extends AsyncDisposable {
  readonly supervisor: Supervisor;
  /** Addresses and tokens; the same as in `dev.json`. */
  file(): DevFile;
}

/**
 * Resolves when every process can work. `stopping` ends a start that is under way; afterwards the
 * run is ended by disposing it.
 */
export async function startDevRun(settings: DevSettings, say: Say, stopping?: AbortSignal): Promise<DevRun> {
  const { directory } = settings;
  const supervisor = await superviseProcesses({
    stateFile: runStateFile(directory),
    logDirectory: join(directory, 'logs'),
    agentsDirectory: join(directory, 'agents'),
    say,
  });
  const stop = (): void => void supervisor.stop();
  stopping?.addEventListener('abort', stop, { once: true });
  try {
    stopping?.throwIfAborted();
    return await startEverything(supervisor, settings, say);
  } catch (cause) {
    await supervisor.stop();
    throw cause;
  } finally {
    stopping?.removeEventListener('abort', stop);
  }
}

export function runStateFile(directory: string): string {
  return join(directory, 'run.json');
}

async function startEverything(supervisor: Supervisor, settings: DevSettings, say: Say): Promise<DevRun> {
  const startedAt = new Date();
  const secretsDirectory = join(settings.directory, 'secrets');
  const own = await openSecrets(secretsDirectory);
  const secrets = await withGivenSecrets(own, settings.env, secretsDirectory);
  await clearAdminFiles(settings);
  if (settings.external.nats === undefined) await natsServerBinary();
  say('Starting broker, database and Gitea');
  const backing = await startBacking(supervisor, settings, secrets, say);
  const gatewayPort = await freePortNear(settings.gatewayPort);
  if (gatewayPort !== settings.gatewayPort) {
    say(`  ! port ${settings.gatewayPort} is taken by another program; the gateway takes ${gatewayPort}`);
  }
  const raftPorts = await Promise.all(Array.from({ length: settings.pulses }, () => freePort()));
  const stages = serviceStages(settings, secrets, { ...backing, gatewayPort, raftPorts });
  await migrate(stages, say);
  // Without its page the system works all the same.
  await buildPage(say).catch((cause: unknown) => say(`  ! ${messageOf(cause)}`));
  await startStages(supervisor, stages, say);

  const describe = async (): Promise<DevFile> => {
    const admin = await adminAddresses(supervisor, settings);
    return devFile({ settings, secrets, backing, gatewayPort, admin, supervisor, startedAt });
  };
  let current = await describe();
  await writeDevFile(settings.directory, current);
  // A process that was restarted has another admin address, and tokens end after a day.
  const renew = async (): Promise<void> => {
    current = await describe();
    await writeDevFile(settings.directory, current);
  };
  supervisor.onRecovery = () => void renew().catch(() => {});
  const renewal = setInterval(() => void renew().catch(() => {}), tokenRenewalMs);
  return {
    supervisor,
    file: () => current,
    async [Symbol.asyncDispose]() {
      clearInterval(renewal);
      supervisor.onRecovery = undefined;
      // Its addresses are nobody's from here on.
      await rm(devFilePath(settings.directory), { force: true });
      await supervisor.stop();
    },
  };
}

async function startStages(
  supervisor: Supervisor,
  { beat, work, door, runtime, agents }: ServiceStages,
  say: Say,
): Promise<void> {
  for (const stage of [beat, work, door, runtime, agents]) {
    if (stage.length === 0) continue;
    say(`Starting ${stage.map(({ name }) => name).join(', ')}`);
    await supervisor.start(...stage);
  }
}

/** Every service that writes finds its tables, and none of them waits for another to make them. */
async function migrate({ work }: ServiceStages, say: Say): Promise<void> {
  const env = work[0]?.env;
  await runToEnd(
    {
      what: 'applying migrations',
      file: process.execPath,
      args: [join(repositoryRoot, 'packages', 'db', 'src', 'main.ts'), 'up'],
      cwd: repositoryRoot,
      ...(env === undefined ? {} : { env: { ...env } }),
    },
    say,
  );
}

async function adminAddresses(
  supervisor: Supervisor,
  settings: DevSettings,
): Promise<Record<string, string>> {
  const addresses: Record<string, string> = {};
  await withProgress('collecting addresses', async () => {
    for (const { spec, identity } of supervisor.processes) {
      if (identity === undefined) continue;
      const address = await adminAddress(adminFile(settings, spec.name), identity.pid);
      if (address !== undefined) addresses[spec.name] = address;
    }
  });
  return addresses;
}

interface Described {
  readonly settings: DevSettings;
  readonly secrets: DevSecrets;
  readonly backing: Backing;
  readonly gatewayPort: number;
  readonly admin: Readonly<Record<string, string>>;
  readonly supervisor: Supervisor;
  readonly startedAt: Date;
}

function devFile({
  settings,
  secrets,
  backing,
  gatewayPort,
  admin,
  supervisor,
  startedAt,
}: Described): DevFile {
  const gateway = `http://127.0.0.1:${gatewayPort}`;
  const issuedAt = Math.floor(Date.now() / 1_000);
  const token = (user_id: string, role: 'admin' | 'user'): string =>
    signJwt(secrets.jwt_secret.value, { user_id, role }, { issuedAt, lifetime: tokenLifetimeSeconds });
  const adminToken = token('dev-admin', 'admin');
  const pids = supervisor.processes.flatMap(({ spec, identity }) =>
    identity === undefined ? [] : [[spec.name, identity.pid] as const],
  );
  return {
    gateway,
    nats: backing.nats,
    nats_monitoring: backing.natsMonitoring ?? null,
    database_url: backing.databaseUrl ?? null,
    gitea: backing.gitea,
    cluster: settings.cluster,
    page_url: `${gateway}/#token=${adminToken}`,
    tokens: {
      admin: adminToken,
      user: token('dev-user', 'user'),
      service: secrets.service_token.value,
      gitea: (settings.external.gitea === undefined ? secrets.gitea_dev_token : secrets.gitea_token).value,
    },
    admin,
    pulse: admin['pulse-1'] ?? '',
    reverb: admin['reverb'] ?? '',
    pids: { supervisor: process.pid, ...Object.fromEntries(pids) },
    started_at: startedAt.toISOString(),
  };
}
