import { once } from 'node:events';
import { createServer } from 'node:net';
import { threadId } from 'node:worker_threads';

/** Below what systems give to outgoing connections and to who asks for port 0 (32768 on Linux, 49152 elsewhere). */
const PORT_MIN = 20_000;
const PORT_COUNT = 12_000;
/** Each process, and each thread of it, begins at another place, so that two rarely ask for the same. */
const PROCESS_STRIDE = 97;
const THREAD_STRIDE = 31;
const TRIES_MAX = 1_000;

let given = 0;

/**
 * A TCP port of 127.0.0.1 that was free a moment ago, and that nobody gets by chance until it is used. Another process may take it
 * before you do: prefer port 0 wherever a program can report what it got.
 */
export async function freePort(): Promise<number> {
  const start = process.pid * PROCESS_STRIDE + threadId * THREAD_STRIDE;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = PORT_MIN + ((start + given) % PORT_COUNT);
    given += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port among ${TRIES_MAX} from ${PORT_MIN} on`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((done) => {
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => done(true));
  });
  if (!free) return false;
  server.close();
  await once(server, 'close');
  return true;
}

/** The wished port when it is free on 127.0.0.1, else another one. */
export async function freePortNear(wished: number): Promise<number> {
  return (await isFree(wished)) ? wished : freePort();
}
