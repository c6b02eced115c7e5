import { stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDirectory } from '../src/node/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('makes all that is missing, and is content with what is there', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'a', 'b', 'c');
  await Promise.all([makeDirectory(path), makeDirectory(path)]);
  await makeDirectory(path);
  expect((await stat(path)).isDirectory()).toBe(true);
});

test('says what is in the way', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'file');
  await writeFile(file, '');
  await symlink(join(directory.path, 'nowhere'), join(directory.path, 'link'));
  await expect(makeDirectory(file)).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeDirectory(join(file, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeDirectory(join(directory.path, 'link'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test.runIf(process.platform === 'linux')('comes back from where nothing can be made', async () => {
  await expect(makeDirectory('/proc/none/below')).rejects.toMatchObject({ code: 'ENOENT' });
});
