/**
 * Where things are on this machine. Everything that a run leaves behind is below `.whoosh/`, which
 * git ignores; `cache/` in it outlives `make reset`, the rest is data.
 */
import { join, resolve } from 'node:path';

export const repositoryRoot: string = resolve(import.meta.dirname, '..', '..', '..');
export const stateDirectory: string = join(repositoryRoot, '.whoosh');
export const cacheDirectory: string = join(stateDirectory, 'cache');
export const logDirectory: string = join(stateDirectory, 'logs');
export const migrationsDirectory: string = join(repositoryRoot, 'migrations');
export const natsBuildDirectory: string = join(repositoryRoot, 'deploy', 'nats-server-build');
