/**
 * The secrets of a dev run: made once, kept in files that only their owner may read, and given to
 * the services by file name, so that none stands in an environment or a log.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '../private-file.ts';

const secretBytes = 32;
/** Gitea's tokens are forty hexadecimal digits. */
const giteaTokenBytes = 20;

const lengths = {
  jwt_secret: secretBytes,
  service_token: secretBytes,
  webhook_token: secretBytes,
  database_password: secretBytes,
  backbeat_admin_token: secretBytes,
  raft_secret: secretBytes,
  gitea_token: giteaTokenBytes,
  gitea_dev_token: giteaTokenBytes,
} as const;

export type SecretName = keyof typeof lengths;

export interface DevSecret {
  readonly file: string;
  readonly value: string;
}

export type DevSecrets = Readonly<Record<SecretName, DevSecret>>;

export async function openSecrets(directory: string): Promise<DevSecrets> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = Object.keys(lengths) as SecretName[];
  const entries = names.map(
    async (name) => [name, await openSecret(join(directory, name), lengths[name])] as const,
  );
  return Object.fromEntries(await Promise.all(entries)) as DevSecrets;
}

async function openSecret(file: string, bytes: number): Promise<DevSecret> {
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known.trim() !== '') return { file, value: known.trim() };
  const value = randomBytes(bytes).toString('hex');
  await writePrivateFile(file, `${value}\n`);
  return { file, value };
}
