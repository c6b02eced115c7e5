/** A real nats-server on 127.0.0.1, on the port it finds free unless one is asked for. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { natsServerBinary } from './nats-server-binary.ts';
import { OwnedProcess } from './owned-process.ts';

const readyTimeoutMs = 20_000;
const pollEveryMs = 5;
const outputKeptBytes = 8_000;

export interface NatsServerOptions {
  /** Configuration, ports file and the JetStream store live here; it is created and never removed. */
  readonly directory: string;
  /** -1 takes a free one. */
  readonly port?: number;
  readonly monitoringPort?: number;
  readonly jetstream?: boolean;
  /** More lines for the configuration file, in nats-server's own syntax. */
  readonly config?: string;
  /** Gets what the server logs. */
  readonly onOutput?: (chunk: Buffer) => void;
}

export interface NatsServer {
  readonly url: string;
  readonly monitoringUrl: string;
  readonly port: number;
  readonly process: OwnedProcess;
}

/** A program that is ready to be started, by `startNatsServer` or by a supervisor. */
export interface NatsServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Where the running server writes the addresses it took. */
  readonly portsDirectory: string;
}

/** Writes the configuration. The limits are those of the stack (4 MB of payload). */
export async function natsServerCommand(options: NatsServerOptions): Promise<NatsServerCommand> {
  const { directory, port = -1, monitoringPort = -1, jetstream = true, config = '' } = options;
  const portsDirectory = join(directory, 'ports');
  await rm(portsDirectory, { recursive: true, force: true });
  await mkdir(portsDirectory, { recursive: true });
  const configFile = join(directory, 'nats-server.conf');
  const lines = [
    'host: "127.0.0.1"',
    `port: ${port}`,
    `http: "127.0.0.1:${monitoringPort}"`,
    'max_payload: 4MB',
    `ports_file_dir: ${JSON.stringify(portsDirectory)}`,
    jetstream ? `jetstream { store_dir: ${JSON.stringify(join(directory, 'store'))} }` : '',
    config,
  ];
  await writeFile(configFile, `${lines.join('\n')}\n`);
  return { file: await natsServerBinary(), args: ['-c', configFile], portsDirectory };
}

/** Resolves when clients can connect. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const { file, args, portsDirectory } = await natsServerCommand(options);
  let output = '';
  const server = await OwnedProcess.start({
    file,
    args,
    onOutput: (chunk) => {
      output = (output + chunk.toString()).slice(-outputKeptBytes);
      options.onOutput?.(chunk);
    },
  });
  const ports = await readPorts(portsDirectory, server, () => output);
  return {
    url: ports.nats,
    monitoringUrl: ports.monitoring,
    port: Number(new URL(ports.nats).port),
    process: server,
  };
}

async function readPorts(
  directory: string,
  server: OwnedProcess,
  output: () => string,
): Promise<{ nats: string; monitoring: string }> {
  const deadlineMs = performance.now() + readyTimeoutMs;
  while (!server.isOver && performance.now() < deadlineMs) {
    const file = (await readdir(directory)).find((name) => name.endsWith('.ports'));
    const text = file === undefined ? '' : await readFile(join(directory, file), 'utf8');
    const ports = parsePorts(text);
    if (ports !== undefined) return ports;
    await delay(pollEveryMs);
  }
  await server.stop();
  throw new Error(`nats-server did not come up:\n${output().trim()}`);
}

/** Undefined while the file is not there or only half written. */
function parsePorts(text: string): { nats: string; monitoring: string } | undefined {
  try {
    const { nats, monitoring } = JSON.parse(text) as { nats?: string[]; monitoring?: string[] };
    const [natsUrl, monitoringUrl] = [nats?.[0], monitoring?.[0]];
    return natsUrl === undefined || monitoringUrl === undefined
      ? undefined
      : { nats: natsUrl, monitoring: monitoringUrl };
  } catch {
    return undefined;
  }
}
