/** Real pulses as they run, each a process of its own with a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@whoosh/testkit';

const MAIN = fileURLToPath(new URL('../../pulse/src/main.ts', import.meta.url));

export interface RunningPulses extends AsyncDisposable {
  /** What they printed, for a test that fails. */
  readonly said: () => string;
  kill(node: string): Promise<void>;
}

/** `n1`, `n2` … as one cluster. */
export async function runPulses(
  size: number,
  options: { readonly cluster: string; readonly nats: string; readonly bpm: number },
): Promise<RunningPulses> {
  const directory = await mkdtemp(join(tmpdir(), 'whoosh-gateway-pulse-'));
  const ports = await Promise.all(Array.from({ length: size }, () => freePort()));
  const peers = ports.map((port, at) => `n${at + 1}@127.0.0.1:${port}`).join(',');
  let said = '';
  const children = new Map<string, ChildProcess>();
  for (const [at, port] of ports.entries()) {
    const node = `n${at + 1}`;
    const flags = {
      cluster: options.cluster,
      nats: options.nats,
      bpm: String(options.bpm),
      node,
      'data-dir': join(directory, node),
      'admin-port': '0',
      'raft-bind': `127.0.0.1:${port}`,
      'raft-peers': peers,
    };
    const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
    const env = { PATH: process.env['PATH'], WHOOSH_OPENTELEMETRY_ENABLED: 'false' };
    const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    }
    children.set(node, child);
  }
  const kill = async (node: string) => {
    const child = children.get(node);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    said: () => said,
    kill,
    async [Symbol.asyncDispose]() {
      await Promise.all([...children.keys()].map(kill));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
