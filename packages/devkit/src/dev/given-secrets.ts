/** Secrets that the user's environment names: the services take those, so the run must use them too. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writePrivateFile } from '../private-file.ts';
import { type Env } from './dev-settings.ts';
import { type DevSecrets } from './secrets.ts';

/** The value of a variable or the trimmed content of its `_FILE` twin; undefined when neither is set. */
export async function givenValue(env: Env, name: string): Promise<string | undefined> {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  const file = env[`${name}_FILE`];
  return file === undefined || file === '' ? undefined : (await readFile(file, 'utf8')).trim();
}

/** `secrets` with the user's own in their place, so that what signs and what registers is let in. */
export async function withGivenSecrets(
  secrets: DevSecrets,
  env: Env,
  directory: string,
): Promise<DevSecrets> {
  const jwtSecret = await givenValue(env, 'WHOOSH_AUTH_JWT_SECRET');
  const giteaToken = await givenValue(env, 'WHOOSH_GITEA_TOKEN');
  const serviceTokens = await givenValue(env, 'WHOOSH_AUTH_SERVICE_TOKENS');
  // Several are divided by commas or line ends; the fleet needs one.
  const serviceToken = serviceTokens
    ?.split(/[,\n]/)
    .map((token) => token.trim())
    .find((token) => token !== '');
  const all = { ...secrets };
  if (jwtSecret !== undefined) all.jwt_secret = { ...all.jwt_secret, value: jwtSecret };
  if (giteaToken !== undefined) all.gitea_token = { ...all.gitea_token, value: giteaToken };
  if (serviceToken !== undefined) {
    const file = join(directory, 'given_service_token');
    await writePrivateFile(file, `${serviceToken}\n`);
    all.service_token = { file, value: serviceToken };
  }
  return all;
}
