import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/**
 * A TCP port of 127.0.0.1 that was free a moment ago. Another process may take it before you do:
 * prefer port 0 wherever a program can report what it got.
 */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The wished port when it is free on 127.0.0.1, else another one. */
export async function freePortNear(wished: number): Promise<number> {
  const server = createServer();
  const free = await new Promise<boolean>((done) => {
    server.once('error', () => done(false));
    server.listen(wished, '127.0.0.1', () => done(true));
  });
  if (!free) return await freePort();
  server.close();
  await once(server, 'close');
  return wished;
}
