import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { findNatsServer, NatsServerMissing } from '../src/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

async function script(file: string, body: string): Promise<string> {
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
  return file;
}

const sayVersion = (version: string) => `echo "nats-server: v${version}"`;
const quiet = { say: () => {} };

test('the order: the named one, PATH when new enough, the cache', async () => {
  await using directory = await temporaryDirectory();
  const [bin, cache] = [join(directory.path, 'bin'), join(directory.path, 'cache')];
  await mkdir(bin);
  await mkdir(cache);
  const named = await script(join(directory.path, 'named'), sayVersion('2.12.0'));
  const onPath = await script(join(bin, 'nats-server'), sayVersion('2.13.1'));
  expect(await findNatsServer({ env: { NATS_SERVER_BIN: named, PATH: bin }, cache, ...quiet })).toBe(named);
  expect(await findNatsServer({ env: { PATH: bin }, cache, ...quiet })).toBe(onPath);
  await script(onPath, sayVersion('2.9.10'));
  const cached = await script(
    join(cache, `nats-server-2.15.2-${process.platform}-${process.arch}`),
    sayVersion('2.15.2'),
  );
  expect(await findNatsServer({ env: { PATH: bin }, cache, ...quiet })).toBe(cached);
});

test('a named one that is too old is an error, not passed over', async () => {
  await using directory = await temporaryDirectory();
  const old = await script(join(directory.path, 'old'), sayVersion('2.9.10'));
  const found = findNatsServer({ env: { NATS_SERVER_BIN: old }, cache: directory.path, ...quiet });
  await expect(found).rejects.toThrow(/NATS_SERVER_BIN is set, but .*2\.9\.10, older than 2\.12/);
});

test('several processes that need it at once build it once', async () => {
  await using directory = await temporaryDirectory();
  const [bin, cache, builds] = ['bin', 'cache', 'builds'].map((name) => join(directory.path, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(bin);
  // Stands where Go would: notes the call and writes a program to the place that follows -o.
  await script(
    join(bin, 'go'),
    `echo "$*" >> "${builds}"
while [ "$1" != "-o" ]; do shift; done
printf '#!/bin/sh\\necho "nats-server: v2.15.2"\\n' > "$2" && chmod +x "$2"`,
  );
  const program = `import { findNatsServer } from ${JSON.stringify(join(import.meta.dirname, '..', 'src', 'index.ts'))};
    console.log(await findNatsServer({ cache: ${JSON.stringify(cache)}, say: () => {} }));`;
  const run = async (): Promise<string> => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { PATH: `${bin}:/usr/bin:/bin` },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child, 'close');
    return output.trim();
  };
  const [first, second, third] = await Promise.all([run(), run(), run()]);
  expect(new Set([first, second, third])).toEqual(
    new Set([join(cache, `nats-server-2.15.2-${process.platform}-${process.arch}`)]),
  );
  expect((await readFile(builds, 'utf8')).trim().split('\n')).toHaveLength(1);
});

test('a Go that fails is reported with what it said', async () => {
  await using directory = await temporaryDirectory();
  await script(join(directory.path, 'go'), 'echo "no network" >&2; exit 1');
  const found = findNatsServer({
    env: { PATH: directory.path },
    cache: join(directory.path, 'cache'),
    ...quiet,
  });
  await expect(found).rejects.toThrow(/no network/);
  await expect(found).rejects.not.toThrow(NatsServerMissing);
});
