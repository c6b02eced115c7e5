import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer, type NatsServer } from '@whoosh/devkit';

export interface TestNats extends AsyncDisposable {
  readonly url: string;
  readonly monitoringUrl: string;
  readonly port: number;
  readonly pid: number;
  /** SIGSTOP and SIGCONT return at once, every other signal once the server is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port with the same store; a running one is stopped first. */
  restart(): Promise<void>;
}

export interface TestNatsOptions {
  readonly jetstream?: boolean;
  /** More lines of nats-server configuration: accounts, permissions, limits. */
  readonly config?: string;
}

/** A nats-server of one's own, on a port that it picks itself, gone with its data when disposed. */
export async function startNats(options: TestNatsOptions = {}): Promise<TestNats> {
  const directory = await mkdtemp(join(tmpdir(), 'whoosh-nats-'));
  let server: NatsServer;
  try {
    server = await startNatsServer({ directory, ...options });
  } catch (cause) {
    await rm(directory, { recursive: true, force: true });
    throw cause;
  }
  const { url, port } = server;
  return {
    url,
    port,
    get monitoringUrl() {
      return server.monitoringUrl;
    },
    get pid() {
      return server.process.pid;
    },
    async kill(signal) {
      server.process.signal(signal);
      if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await server.process.exited;
    },
    async restart() {
      await server.process.stop();
      server = await startNatsServer({ directory, port, ...options });
    },
    async [Symbol.asyncDispose]() {
      await server.process.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
