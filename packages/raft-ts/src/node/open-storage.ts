import { lockDirectory } from './directory-lock.ts';
import { RealDisk } from './disk.ts';
import { FileStorage } from './file-storage.ts';
import { type Owner } from './recovery.ts';

/**
 * The log in `directory`, made when missing, for this process alone.
 * Throws `DamagedLogError`, `ForeignLogError`, `DirectoryInUseError`.
 */
export async function openStorage(
  directory: string,
  owner: Owner,
): Promise<{ readonly storage: FileStorage } & AsyncDisposable> {
  await using opening = new AsyncDisposableStack();
  const disk = await RealDisk.at(directory);
  opening.use(await lockDirectory(directory));
  const storage = opening.use(await FileStorage.open(disk, owner));
  const resources = opening.move();
  return { storage, [Symbol.asyncDispose]: async () => resources.disposeAsync() };
}
