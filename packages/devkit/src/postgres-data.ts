/** The data folder of an embedded PostgreSQL: where it lies, and how it is made. */
import { createHash } from 'node:crypto';
import { access, chmod, chown, lstat, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { OwnedProcess } from './owned-process.ts';
import { isReachableByAll, type UnprivilegedUser } from './postgres-binaries.ts';

const outputKeptBytes = 8_000;

export interface Owner {
  readonly user: string;
  readonly password: string;
  readonly fsync: boolean;
}

/** The server prints its messages in the language of its environment; ours are read by programs. */
export const postgresEnvironment: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  LC_ALL: 'C',
  LANG: 'C',
  TZ: 'UTC',
};

/** Runs initdb unless the folder holds a database already. */
export async function initializeData(
  initdb: string,
  dataDir: string,
  owner: Owner,
  user: UnprivilegedUser | undefined,
): Promise<void> {
  if (await exists(join(dataDir, 'PG_VERSION'))) return;
  const scratch = await mkdtemp(join(tmpdir(), 'whoosh-initdb-'));
  const passwordFile = join(scratch, 'password');
  let output = '';
  try {
    await writeFile(passwordFile, `${owner.password}\n`, { mode: 0o600 });
    for (const path of [scratch, passwordFile]) if (user !== undefined) await chown(path, user.uid, user.gid);
    const access = ['-D', dataDir, '-U', owner.user, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const child = await OwnedProcess.start({
      file: initdb,
      args: [...access, ...locale, ...(owner.fsync ? [] : ['--no-sync'])],
      env: postgresEnvironment,
      cwd: scratch,
      onOutput: (chunk) => void (output = (output + chunk.toString()).slice(-outputKeptBytes)),
      ...user,
    });
    const { code, signal } = await child.exited;
    if (code !== 0) throw new Error(`initdb ended with ${code ?? signal} in ${dataDir}:\n${output.trim()}`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * The folder asked for; or, where a root user's folders are closed to others, one in the temporary
 * directory that is named after it. The server, which may not be root, must be able to enter it.
 */
export async function reachableDataDirectory(
  wished: string,
  user: UnprivilegedUser | undefined,
): Promise<string> {
  await mkdir(dirname(wished), { recursive: true });
  const reachable = user === undefined || (await isReachableByAll(dirname(wished)));
  const dataDir = reachable ? wished : elsewhereFor(wished);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  if (user === undefined) return dataDir;
  const { uid } = await lstat(dataDir);
  if (uid !== user.uid && uid !== 0) {
    throw new Error(`${dataDir} belongs to user ${uid}, not to the user PostgreSQL runs as`);
  }
  await chown(dataDir, user.uid, user.gid);
  await chmod(dataDir, 0o700);
  return dataDir;
}

/** Forgets a stopped server's data, wherever it was put. */
export async function removeEmbeddedPostgresData(dataDir: string): Promise<void> {
  await rm(dataDir, { recursive: true, force: true });
  await rm(elsewhereFor(dataDir), { recursive: true, force: true });
}

function elsewhereFor(wished: string): string {
  const name = createHash('sha256').update(wished).digest('hex').slice(0, 16);
  return join(tmpdir(), `whoosh-postgres-${name}`);
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
