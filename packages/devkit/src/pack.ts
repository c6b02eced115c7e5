/**
 * `make pack`: the libraries as others install them, JavaScript with declarations, one tarball each in `.whoosh/pack`. In the repository they run as
 * they are written; inside a `node_modules` Node strips no types.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packedManifest, type SourceManifest } from './packed-manifest.ts';
import { repositoryRoot, stateDirectory } from './paths.ts';

/** What each needs of ours comes before it. */
const LIBRARIES = ['hlc-ts', 'raft-ts', 'stdx', 'contracts', 'backbeat-sdk'] as const;
// Within the repository, where the compiler finds what the libraries depend on.
const out = join(stateDirectory, 'pack');

const versions = new Map<string, string>();
const typesOf: Record<string, string[]> = {};
await rm(out, { recursive: true, force: true });
for (const folder of LIBRARIES) {
  const source = join(repositoryRoot, 'packages', folder);
  const target = join(out, folder);
  const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as SourceManifest;
  await mkdir(target, { recursive: true });
  await compile(source, target);
  await writeFile(
    join(target, 'package.json'),
    `${JSON.stringify(packedManifest(manifest, versions), null, 2)}\n`,
  );
  await cp(join(source, 'README.md'), join(target, 'README.md'));
  await cp(join(repositoryRoot, 'LICENSE'), join(target, 'LICENSE'));
  execFileSync('npm', ['pack', '--silent', '--pack-destination', out], { cwd: target });
  versions.set(manifest.name, manifest.version);
  for (const [door, file] of Object.entries(manifest.exports)) {
    const types = file.replace('./src/', '').replace(/\.ts$/, '.d.ts');
    typesOf[join(manifest.name, door)] = [join(target, 'dist', types)];
  }
  console.log(`${manifest.name} ${manifest.version}`);
}
console.log(`tarballs: ${out}`);

async function compile(source: string, target: string): Promise<void> {
  const config = join(target, 'tsconfig.json');
  await writeFile(
    config,
    JSON.stringify({
      extends: join(repositoryRoot, 'tsconfig.base.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        rewriteRelativeImportExtensions: true,
        rootDir: join(source, 'src'),
        outDir: join(target, 'dist'),
        paths: typesOf,
        typeRoots: [join(repositoryRoot, 'node_modules', '@types')],
      },
      include: [join(source, 'src')],
      exclude: [join(source, 'src/**/*.test.ts')],
    }),
  );
  execFileSync(join(repositoryRoot, 'node_modules', '.bin', 'tsc'), ['-p', config], { stdio: 'inherit' });
  await rm(config);
}
