import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './paths.ts';

/** The environment with what `.env` adds to it; a variable that is set already keeps its value. */
export function loadEnvironment(): NodeJS.ProcessEnv {
  const file = join(repositoryRoot, '.env');
  if (existsSync(file)) process.loadEnvFile(file);
  return process.env;
}
