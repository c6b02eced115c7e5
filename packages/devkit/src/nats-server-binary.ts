/**
 * A nats-server new enough for us: the fences of BACKBEAT need what 2.12 brought, and an older
 * server ignores some of it silently, so the version is checked wherever a binary is found.
 *
 * Looked for in this order: NATS_SERVER_BIN, PATH, our own cache, and at last built by the Go of
 * this machine from `deploy/nats-server-build`, whose go.sum pins every byte of the source.
 */
import { execFile, spawn } from 'node:child_process';
import { access, constants, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { withFileLock } from './file-lock.ts';
import { cacheDirectory, natsBuildDirectory } from './paths.ts';
import { sayOnStderr, withProgress, type Say } from './progress.ts';

const run = promisify(execFile);
const versionMinimum = [2, 12] as const;
const modulePath = 'github.com/nats-io/nats-server/v2';
const versionTimeoutMs = 10_000;

export interface NatsServerBinaryOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cache?: string;
  readonly say?: Say;
}

let found: Promise<string> | undefined;

/** The path of a usable nats-server, looked up (and built) once per process. */
export function natsServerBinary(): Promise<string> {
  found ??= findNatsServer().catch((cause: unknown) => {
    found = undefined;
    throw cause;
  });
  return found;
}

/** Says what to install when there is no usable nats-server and none can be made. */
export class NatsServerMissing extends Error {
  override readonly name = 'NatsServerMissing';
}

export async function findNatsServer(options: NatsServerBinaryOptions = {}): Promise<string> {
  const { env = process.env, cache = cacheDirectory, say = sayOnStderr } = options;
  const refused: string[] = [];
  const named = env['NATS_SERVER_BIN'];
  if (named !== undefined && named !== '') {
    if (await isUsable(named, refused)) return named;
    throw new NatsServerMissing(`NATS_SERVER_BIN is set, but ${refused.join('; ')}`);
  }
  const onPath = await whichUsable('nats-server', env['PATH'] ?? '', refused);
  if (onPath !== undefined) return onPath;
  const version = await pinnedVersion();
  const cached = join(cache, `nats-server-${version}-${process.platform}-${process.arch}`);
  if (await isUsable(cached, [])) return cached;
  const go = await goBinary(env['PATH'] ?? '');
  if (go === undefined) throw new NatsServerMissing(whatToInstall(version, refused));
  return await withFileLock(`${cached}.lock`, async () => {
    if (await isUsable(cached, [])) return cached;
    await build({ go, target: cached, version, env, say });
    return cached;
  });
}

interface Build {
  readonly go: string;
  readonly target: string;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly say: Say;
}

async function build({ go, target, version, env, say }: Build): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const unfinished = `${target}.${process.pid}`;
  say(`Building nats-server ${version} with Go (once; half a minute or so)`);
  const args = ['build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', unfinished, modulePath];
  try {
    await withProgress('building nats-server', () =>
      runToEnd(go, args, { cwd: natsBuildDirectory, env: { ...env, CGO_ENABLED: '0', GOWORK: 'off' } }),
    );
    // Renamed when complete: nobody ever sees half a binary, and building twice does no harm.
    await rename(unfinished, target);
  } finally {
    await rm(unfinished, { force: true });
  }
  const refused: string[] = [];
  if (!(await isUsable(target, refused))) throw new NatsServerMissing(refused.join('; '));
}

async function runToEnd(
  file: string,
  args: readonly string[],
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<void> {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let tail = '';
  const keep = (chunk: Buffer): void => void (tail = (tail + chunk.toString()).slice(-4_000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  });
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with code ${code}:\n${tail.trim()}`);
}

async function pinnedVersion(): Promise<string> {
  const text = await readFile(join(natsBuildDirectory, 'go.mod'), 'utf8');
  const version = /nats-server\/v2 v(\d+\.\d+\.\d+)/.exec(text)?.[1];
  if (version === undefined) throw new Error(`deploy/nats-server-build/go.mod does not name ${modulePath}`);
  return version;
}

async function whichUsable(name: string, path: string, refused: string[]): Promise<string | undefined> {
  for (const directory of path.split(delimiter)) {
    if (directory === '') continue;
    const file = join(directory, name);
    if ((await isExecutable(file)) && (await isUsable(file, refused))) return file;
  }
  return undefined;
}

/** Go is often installed without being on PATH: its own installer puts it into /usr/local/go. */
async function goBinary(path: string): Promise<string | undefined> {
  for (const directory of [...path.split(delimiter), '/usr/local/go/bin', '/opt/homebrew/bin']) {
    const file = join(directory, 'go');
    if (directory !== '' && (await isExecutable(file))) return file;
  }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  return await access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Adds the reason to `refused` when the file is not a nats-server that is new enough. */
async function isUsable(file: string, refused: string[]): Promise<boolean> {
  try {
    const { stdout } = await run(file, ['--version'], { timeout: versionTimeoutMs });
    const [, major, minor] = /v(\d+)\.(\d+)\.\d+/.exec(stdout) ?? [];
    if (major === undefined || minor === undefined) throw new Error('it does not tell its version');
    const [wantedMajor, wantedMinor] = versionMinimum;
    const newEnough =
      Number(major) > wantedMajor || (Number(major) === wantedMajor && Number(minor) >= wantedMinor);
    if (!newEnough) refused.push(`${file} is ${stdout.trim()}, older than ${versionMinimum.join('.')}`);
    return newEnough;
  } catch (cause) {
    refused.push(`${file} cannot be used (${cause instanceof Error ? cause.message : String(cause)})`);
    return false;
  }
}

function whatToInstall(version: string, refused: readonly string[]): string {
  const why = refused.length === 0 ? '' : ` (${refused.join('; ')})`;
  return (
    `No nats-server >= ${versionMinimum.join('.')} here${why}, and no Go to build ${version} with. ` +
    'Install Go (https://go.dev/dl), or a current nats-server on PATH, or name one in NATS_SERVER_BIN.'
  );
}
