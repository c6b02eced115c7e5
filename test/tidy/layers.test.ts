/** The layers are enforced, and the enforcement is proved: the tree passes, and a planted violation of each rule is caught. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT } from './repository.ts';

const bin = (name: string) => join(ROOT, 'node_modules', '.bin', name);
const quiet = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', NO_COLOR: '1' };

let copy = '';
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'whoosh-layers-'));
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, copy]);
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function boundaries(cwd: string) {
  const { status, stdout, stderr } = spawnSync(bin('turbo'), ['boundaries'], {
    cwd,
    env: quiet,
    encoding: 'utf8',
  });
  return { status, text: stdout + stderr };
}

function planted(file: string, text: string, check: () => { status: number | null; text: string }) {
  const path = join(copy, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  try {
    return check();
  } finally {
    rmSync(path);
  }
}

test('the tree keeps its layers, and they were looked at', () => {
  const { status, text } = boundaries(ROOT);
  expect(text).toMatch(/no issues found/);
  const files = Number(/Checked (\d+) files/.exec(text)?.[1]);
  expect(files).toBeGreaterThan(200);
  expect(status).toBe(0);
});

describe('a planted violation is caught', () => {
  test.each([
    {
      name: 'a pure package that uses an adapter',
      file: 'packages/stdx/src/planted.ts',
      text: "import '@whoosh/config';\n",
      says: '@whoosh/config',
    },
    {
      name: 'an import that reaches into another package',
      file: 'packages/stdx/src/planted.ts',
      text: "import '../../hlc-ts/src/index.ts';\n",
      says: 'leaves the package',
    },
    {
      name: 'a service that uses a service',
      file: 'services/council/src/planted.ts',
      text: "import '../../monitor/src/main.ts';\n",
      says: 'leaves the package',
    },
  ])('$name', ({ file, text, says }) => {
    const result = planted(file, text, () => boundaries(copy));
    expect(result.status).not.toBe(0);
    expect(result.text).toContain(says);
  });

  test('a declared dependency on a forbidden layer', () => {
    const manifest = join(copy, 'packages/stdx/package.json');
    const before = execFileSync('git', ['show', 'HEAD:packages/stdx/package.json'], {
      cwd: copy,
      encoding: 'utf8',
    });
    const changed = JSON.parse(before) as { dependencies?: Record<string, string> };
    changed.dependencies = { ...changed.dependencies, '@whoosh/config': '*' };
    writeFileSync(manifest, JSON.stringify(changed));
    const result = planted('packages/stdx/src/planted.ts', "import '@whoosh/config';\n", () =>
      boundaries(copy),
    );
    writeFileSync(manifest, before);
    expect(result.status).not.toBe(0);
  });

  test.each([
    {
      name: 'the wall clock in a domain',
      text: 'export const now = () => Date.now();\n',
      rule: 'no-restricted-globals',
    },
    {
      name: 'chance in a domain',
      text: 'export const dice = () => Math.random();\n',
      rule: 'no-restricted-properties',
    },
    {
      name: 'a driver in a domain',
      text: "import { readFileSync } from 'node:fs';\nexport const text = readFileSync('x');\n",
      rule: 'no-restricted-imports',
    },
    {
      name: 'waiting in a domain',
      text: 'export async function wait() {\n  await Promise.resolve();\n}\n',
      rule: 'no-async-await',
    },
  ])('$name', ({ text, rule }) => {
    const file = 'services/council/src/domain/planted.ts';
    const result = planted(file, text, () => {
      const { status, stdout, stderr } = spawnSync(bin('oxlint'), [file], {
        cwd: copy,
        env: quiet,
        encoding: 'utf8',
      });
      return { status, text: stdout + stderr };
    });
    expect(result.status).not.toBe(0);
    expect(result.text).toContain(rule);
  });
});
