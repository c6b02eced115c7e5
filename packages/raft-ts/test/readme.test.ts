import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { freePorts } from './local-cluster.ts';
import { temporaryDirectory } from './temporary-directory.ts';

// Three processes, on a machine that others may be using.
vi.setConfig({ testTimeout: 120_000 });

const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(PACKAGE, 'README.md'), 'utf8');

/** The example below a heading, as it stands there. */
function exampleBelow(heading: string): string {
  const [, code] = /```ts\n([^]*?)```/.exec(README.slice(README.indexOf(`## ${heading}`))) ?? [];
  if (code === undefined) throw new Error(`no example below ${heading}`);
  return code;
}

/** Resolves names as a file of this package does. */
function run(code: string, ...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--input-type=module-typescript', '-e', code, '--', ...args], {
    cwd: PACKAGE,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

test('the example of the driver: three nodes agree on the word of the one that leads', async () => {
  await using directory = await temporaryDirectory();
  const ports = await freePorts(3);
  const code = exampleBelow('With the driver')
    .replace('data/', `${directory.path}/`)
    .replaceAll(/742([012])/g, (_, at: string) => String(ports[Number(at)]));
  const nodes = ['n1', 'n2', 'n3'].map((name) => ({ name, process: run(code, name), output: '' }));
  try {
    const heard = nodes.map(
      (node) =>
        new Promise<string>((resolve, reject) => {
          node.process.on('exit', (status) => reject(new Error(`${node.name} ended with ${status}`)));
          node.process.stdout?.on('data', (bytes: Buffer) => {
            node.output += bytes.toString();
            const [, word] = /has (hello from n[123])/.exec(node.output) ?? [];
            if (word !== undefined) resolve(word);
          });
        }),
    );
    const words = await Promise.all(heard);
    expect(new Set(words).size).toBe(1);
    const leaders = nodes.filter(({ output }) => output.includes('is leader')).map(({ name }) => name);
    expect(leaders).toContain(words[0]?.slice(-2));
    const ended = nodes.map(async ({ process: child }) => once(child, 'exit'));
    for (const { process: child } of nodes) child.kill('SIGTERM');
    for (const [status] of await Promise.all(ended)) expect(status).toBe(0);
  } finally {
    for (const { process: child } of nodes) child.kill('SIGKILL');
  }
});

test('the example of the core: one node leads as soon as its vote is stored', async () => {
  const code = exampleBelow('With the core alone').replace(
    /node\.status\(\)\.role;.*/,
    'console.log(node.status().role);',
  );
  const child = run(code);
  let output = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    output += bytes.toString();
  });
  await once(child, 'close');
  expect(output).toBe('leader\n');
});
