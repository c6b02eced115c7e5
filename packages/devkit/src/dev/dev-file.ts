/** `.whoosh/dev.json`: every address and token of the run that is at work, for scripts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '../private-file.ts';

export interface DevFile {
  readonly gateway: string;
  readonly nats: string;
  readonly nats_monitoring: string | null;
  readonly database_url: string | null;
  readonly gitea: string;
  readonly cluster: string;
  readonly page_url: string;
  /** `admin`, `user`: JWTs for a day, renewed in time; `gitea`: may open issues in the stand-in. */
  readonly tokens: {
    readonly admin: string;
    readonly user: string;
    readonly service: string;
    readonly gitea: string;
  };
  /** The admin address of each process by its name; `pulse` and `reverb` also by themselves. */
  readonly admin: Readonly<Record<string, string>>;
  readonly pulse: string;
  readonly reverb: string;
  readonly pids: Readonly<Record<string, number>>;
  readonly started_at: string;
}

export function devFilePath(directory: string): string {
  return join(directory, 'dev.json');
}

export async function readDevFile(directory: string): Promise<DevFile | undefined> {
  try {
    return JSON.parse(await readFile(devFilePath(directory), 'utf8')) as DevFile;
  } catch {
    return undefined;
  }
}

export async function writeDevFile(directory: string, content: DevFile): Promise<void> {
  await writePrivateFile(devFilePath(directory), `${JSON.stringify(content, undefined, 2)}\n`);
}
