/** The libraries as others get them: packed, unpacked into a project of somebody else's, checked and run there. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { packedManifest } from '../src/packed-manifest.ts';
import { repositoryRoot, stateDirectory } from '../src/paths.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const run = promisify(execFile);
const tool = (name: string): string => join(repositoryRoot, 'node_modules', '.bin', name);

const PROGRAM = `
import { Hlc } from 'hlc-ts';
import { type Ready, RaftNode } from 'raft-ts';
import { FileStorage } from 'raft-ts/node';
import { type Beat, connect, listenToBeats } from '@whoosh/backbeat-sdk';
import { windowIdOf } from '@whoosh/backbeat-sdk/rules';
import { newPrivateKey } from '@whoosh/backbeat-sdk/keys';
import { TestPulse } from '@whoosh/backbeat-sdk/testing';

const told: (beat: Beat) => string = ({ index }) => String(index);
const ready: Ready | undefined = undefined;
const doors = [Hlc, RaftNode, FileStorage, connect, listenToBeats, windowIdOf, newPrivateKey, TestPulse, told];
console.log(doors.map((door) => typeof door).join(' '), ready);
`;

test('install, check and run outside of the repository', { timeout: 240_000 }, async () => {
  await using directory = await temporaryDirectory();
  const packed = join(stateDirectory, 'pack');
  await run(tool('node'), [join(repositoryRoot, 'packages', 'devkit', 'src', 'pack.ts')]);
  const project = join(directory.path, 'project');
  const modules = join(project, 'node_modules');
  const tarballs = (await readdir(packed)).filter((name) => name.endsWith('.tgz'));
  expect(tarballs).toHaveLength(5);
  for (const tarball of tarballs) {
    const name = tarball.replace(/-\d+\.\d+\.\d+\.tgz$/, '').replace(/^whoosh-/, '@whoosh/');
    await mkdir(join(modules, name), { recursive: true });
    await run('tar', ['-xzf', join(packed, tarball), '-C', join(modules, name), '--strip-components=1']);
    expect(await readdir(join(modules, name))).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
  }
  // What is not ours an installation would fetch.
  for (const name of ['@nats-io', '@types', 'ajv', 'zod', 'undici-types']) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(repositoryRoot, 'node_modules', name), join(modules, name));
  }
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  await writeFile(join(project, 'program.ts'), PROGRAM);
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'esnext', '--types', 'node'];
  await run(tool('tsc'), [...options, 'program.ts'], { cwd: project });
  const { stdout } = await run(tool('node'), ['program.ts'], { cwd: project });
  expect(stdout.trim()).toBe(`${'function '.repeat(9)}undefined`);
});

test('a library that needs what is not published is not packed', () => {
  const manifest = { name: 'a', version: '1.0.0', description: '', license: '', exports: {} };
  expect(
    packedManifest({ ...manifest, dependencies: { b: '*', c: '2.1.0' } }, new Map([['b', '0.3.0']])),
  ).toMatchObject({ dependencies: { b: '0.3.0', c: '2.1.0' } });
  expect(() => packedManifest({ ...manifest, dependencies: { b: '*' } }, new Map())).toThrow(
    'a depends on b, which is not published',
  );
});
