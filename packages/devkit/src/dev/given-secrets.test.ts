import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withGivenSecrets } from './given-secrets.ts';
import { openSecrets, type DevSecrets } from './secrets.ts';

let directory = '';
let own: DevSecrets;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'whoosh-secrets-'));
  own = await openSecrets(directory);
});
afterAll(() => rm(directory, { recursive: true }));

test('without any, and with empty ones, the run uses its own', async () => {
  const env = { WHOOSH_AUTH_JWT_SECRET: '', WHOOSH_AUTH_SERVICE_TOKENS: '' };
  expect(await withGivenSecrets(own, env, directory)).toEqual(own);
});

test('what the services take is what signs tokens and registers the fleet', async () => {
  const file = join(directory, 'mine');
  await writeFile(file, 'from a file\n');
  const env = {
    WHOOSH_AUTH_JWT_SECRET_FILE: file,
    WHOOSH_AUTH_SERVICE_TOKENS: ' first , second',
    WHOOSH_GITEA_TOKEN: 'mine',
  };
  const secrets = await withGivenSecrets(own, env, directory);
  expect(secrets.jwt_secret.value).toBe('from a file');
  expect(secrets.gitea_token.value).toBe('mine');
  expect(secrets.service_token.value).toBe('first');
  expect((await readFile(secrets.service_token.file, 'utf8')).trim()).toBe('first');
  expect((await readFile(own.service_token.file, 'utf8')).trim()).toBe(own.service_token.value);
});
