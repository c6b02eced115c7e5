import { ConfigError } from '@whoosh/config';
import { type MetronomeSettings } from './metronome/messages.ts';

const UNWRITABLE = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOENT',
  'ENOTDIR',
  'EEXIST',
  'ENOSPC',
  'ELOOP',
  'ENAMETOOLONG',
]);
const UNREACHABLE = new Set(['EADDRNOTAVAIL', 'ENOTFOUND']);
const ANOTHER = 'every node needs a folder of its own, set BACKBEAT_DATA_DIR (--data-dir)';

/**
 * What an operator can put right when the metronome does not start, or undefined when it is something else. Errors come from
 * another thread, as copies: known by name and code, not by class.
 */
export function startProblem(cause: unknown, settings: MetronomeSettings): ConfigError | undefined {
  const { name, code, message = '' } = (cause ?? {}) as { name?: string; code?: string; message?: string };
  const { directory, raftBind } = settings;
  const at = `${raftBind.host}:${raftBind.port}`;
  const refuse = (problem: string): ConfigError => new ConfigError([problem]);
  if (name === 'ForeignLogError') return refuse(`BACKBEAT_DATA_DIR: in ${directory} ${message}; ${ANOTHER}`);
  if (name === 'DirectoryInUseError') return refuse(`BACKBEAT_DATA_DIR: ${message}; ${ANOTHER}`);
  if (name === 'DamagedLogError') {
    return refuse(
      `BACKBEAT_DATA_DIR: in ${directory} ${message}; restore the folder, or let the node join empty under a new name`,
    );
  }
  if (code === undefined) return undefined;
  if (UNWRITABLE.has(code)) {
    return refuse(
      `BACKBEAT_DATA_DIR: ${directory} cannot be written (${code}): name a folder that this process may write`,
    );
  }
  if (code === 'EADDRINUSE') {
    return refuse(
      `BACKBEAT_RAFT_BIND: ${at} is taken by another process: choose a free port, and name it in BACKBEAT_RAFT_PEERS`,
    );
  }
  if (!UNREACHABLE.has(code)) return undefined;
  return refuse(`BACKBEAT_RAFT_BIND: ${at} is no address of this machine (${code})`);
}
