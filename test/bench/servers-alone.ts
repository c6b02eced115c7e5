import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatedPassword, startEmbeddedPostgres, startNatsServer } from '@whoosh/devkit';

/** A broker and a database with nothing in them: what every start pays. */
export async function startServersAlone(): Promise<AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'whoosh servers-'));
  const [nats, postgres] = await Promise.all([
    startNatsServer({ directory: join(directory, 'nats') }),
    startEmbeddedPostgres({
      dataDir: join(directory, 'postgres'),
      user: 'bench',
      password: generatedPassword(),
    }),
  ]);
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([nats.process.stop(), postgres[Symbol.asyncDispose]()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
