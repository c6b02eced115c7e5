import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

/** What stands for one agent process: written before it starts, completed by the process itself. */
export const AgentFile = z.object({
  nonce: z.string().min(16),
  started_at: z.iso.datetime(),
  pid: z.int().min(2).nullable(),
  admin_url: z.url().nullable(),
});
export type AgentFile = z.infer<typeof AgentFile>;

export interface AgentName {
  readonly deploymentId: string;
  readonly generation: number;
}

const NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([1-9]\d{0,8})$/;
const LOG_TAIL_BYTES_MAX = 64 * 1024;
const TEMPORARY = '.tmp';
const ABANDONED_KEPT_MS = 60_000;
const LOGS_KEPT_MS = 24 * 60 * 60 * 1_000;

/** `<deployment>.<generation>` names an agent everywhere: its files, its reference. */
export function refOf({ deploymentId, generation }: AgentName): string {
  return `${deploymentId}.${generation}`;
}

export function nameOf(ref: string): AgentName | undefined {
  const [, deploymentId, generation] = NAME.exec(ref) ?? [];
  return deploymentId === undefined ? undefined : { deploymentId, generation: Number(generation) };
}

const SECRET = /\.(?:token|key)$/;

/** What an agent alone is told. */
export interface AgentSecrets {
  readonly joinToken: string;
  /** PEM. */
  readonly privateKey?: string | undefined;
}

/** The folder with one file, one token, perhaps a key, and one log per agent. Only its owner may look into it. */
export class AgentFiles {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Makes the folder where it is missing, and takes away logs older than a day and what a crash left half written. */
  static async open(stateDirectory: string): Promise<AgentFiles> {
    const directory = join(stateDirectory, 'agents');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const files = new AgentFiles(directory);
    const names = new Set(await readdir(directory));
    for (const name of names) {
      const path = join(directory, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
      const ageMs = Date.now() - mtimeMs;
      if (name.endsWith('.log') && ageMs > LOGS_KEPT_MS) await rm(path, { force: true });
      const isAbandoned =
        name.endsWith(TEMPORARY) || (SECRET.test(name) && !names.has(name.replace(SECRET, '.json')));
      if (isAbandoned && ageMs > ABANDONED_KEPT_MS) await rm(path, { force: true });
    }
    return files;
  }

  pathOf(ref: string): string {
    return join(this.directory, `${ref}.json`);
  }
  tokenPathOf(ref: string): string {
    return join(this.directory, `${ref}.token`);
  }
  keyPathOf(ref: string): string {
    return join(this.directory, `${ref}.key`);
  }
  logPathOf(ref: string): string {
    return join(this.directory, `${ref}.log`);
  }

  /** Names of every agent that has a file. */
  async refs(): Promise<string[]> {
    const names = await readdir(this.directory);
    return names
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length))
      .filter((ref) => nameOf(ref) !== undefined);
  }

  /** Undefined when there is none; a broken one is as good as one that never started. */
  async read(ref: string): Promise<AgentFile | 'broken' | undefined> {
    try {
      return AgentFile.safeParse(JSON.parse(await readFile(this.pathOf(ref), 'utf8'))).data ?? 'broken';
    } catch (cause) {
      if (cause instanceof SyntaxError) return 'broken';
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw cause;
    }
  }

  /** The file first: secrets that nobody would come back for must not lie around. */
  async write(ref: string, file: AgentFile, { joinToken, privateKey }: AgentSecrets): Promise<void> {
    // Renamed into place: nobody ever reads half a file.
    const next = join(this.directory, `.${ref}.${randomBytes(4).toString('hex')}${TEMPORARY}`);
    await writeFile(next, JSON.stringify(file), { mode: 0o600 });
    await rename(next, this.pathOf(ref));
    await writeFile(this.tokenPathOf(ref), joinToken, { mode: 0o600 });
    if (privateKey !== undefined) await writeFile(this.keyPathOf(ref), privateKey, { mode: 0o600 });
  }

  /** The file last: while it is there, somebody will come back for the rest. */
  async remove(ref: string): Promise<void> {
    await rm(this.keyPathOf(ref), { force: true });
    await rm(this.tokenPathOf(ref), { force: true });
    await rm(this.pathOf(ref), { force: true });
  }

  async logTail(ref: string, linesMax: number): Promise<string[]> {
    const handle = await open(this.logPathOf(ref)).catch(() => undefined);
    if (handle === undefined) return [];
    try {
      const { size } = await handle.stat();
      const from = Math.max(0, size - LOG_TAIL_BYTES_MAX);
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(size - from), position: from });
      const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n');
      return lines.filter((line) => line !== '').slice(-linesMax);
    } finally {
      await handle.close();
    }
  }
}
