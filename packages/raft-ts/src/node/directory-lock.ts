import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { DirectoryInUseError } from './storage-errors.ts';

const LOCK_FILE = 'lock';

async function listening(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(path);
    await once(server, 'listening');
    return server.unref();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    return undefined;
  }
}

async function answered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/**
 * Keeps a second process off a directory: two writers would destroy the log. The lock is a listening socket, which
 * the system takes away with the process, so a crash leaves nothing that must be cleaned up by hand.
 */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  const path = join(directory, LOCK_FILE);
  let server = await listening(path);
  if (server === undefined) {
    if (await answered(path)) throw new DirectoryInUseError(`${directory} is in use by another process`);
    await rm(path, { force: true });
    server = await listening(path);
  }
  if (server === undefined) throw new DirectoryInUseError(`${directory} is in use by another process`);
  const held = server;
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      held.close();
      await once(held, 'close');
    },
  };
}
