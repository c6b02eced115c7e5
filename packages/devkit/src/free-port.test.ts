import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePort, freePortNear } from './free-port.ts';

test('ports are free, different, and none that a system gives away by itself', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(new Set(ports).size).toBe(20);
  for (const port of ports) {
    expect(port).toBeGreaterThan(1_024);
    expect(port).toBeLessThan(32_768);
  }
  const servers = ports.map((port) => createServer().listen(port, '127.0.0.1'));
  await Promise.all(servers.map(async (server) => once(server, 'listening')));
  await Promise.all(servers.map(async (server) => once(server.close(), 'close')));
});

test('a wished port is given when it is free, and another one when not', async () => {
  const port = await freePort();
  expect(await freePortNear(port)).toBe(port);
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  expect(await freePortNear(port)).not.toBe(port);
  await once(server.close(), 'close');
});
