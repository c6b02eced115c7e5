import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';

/** This process is not, or no longer, the one that was asked for. */
export class NotWanted extends Error {
  override readonly name = 'NotWanted';
}

/**
 * The file that stands for this process: whoever started it wrote it first, with a nonce; the process completes it
 * with its pid and address. When it is gone or names another nonce, this process has been replaced and must end. It is
 * taken away by whoever wrote it, together with the token beside it.
 */
export class AgentRecord {
  readonly #path: string;
  readonly #nonce: string;

  private constructor(path: string, nonce: string) {
    this.#path = path;
    this.#nonce = nonce;
  }

  /** Rejects with {@link NotWanted} when the file is gone or somebody else's. */
  static async take(path: string, nonce: string, adminUrl: string): Promise<AgentRecord> {
    const record = new AgentRecord(path, nonce);
    const written = await record.#read();
    if (written === undefined) throw new NotWanted('the file of this agent is gone or belongs to another');
    const next = `${path}.${randomBytes(4).toString('hex')}.tmp`;
    await writeFile(next, JSON.stringify({ ...written, pid: process.pid, admin_url: adminUrl }), {
      mode: 0o600,
    });
    await rename(next, path);
    return record;
  }

  async isOurs(): Promise<boolean> {
    return (await this.#read()) !== undefined;
  }

  async #read(): Promise<Record<string, unknown> | undefined> {
    try {
      const value = JSON.parse(await readFile(this.#path, 'utf8')) as Record<string, unknown> | null;
      return value !== null && value['nonce'] === this.#nonce ? value : undefined;
    } catch (cause) {
      if (cause instanceof SyntaxError || (cause as NodeJS.ErrnoException).code === 'ENOENT')
        return undefined;
      throw cause;
    }
  }
}
