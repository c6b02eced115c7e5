/** The repository's own rules that no other tool checks. Each names what to do instead. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, trackedFiles } from './repository.ts';

const FILES = trackedFiles().filter((name) => existsSync(join(ROOT, name)));
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8');
const isFixture = (name: string) => /(^|\/)(fixtures|testdata)\//.test(name);
const CODE = FILES.filter((name) => /\.(ts|tsx|mjs)$/.test(name) && !name.endsWith('.d.ts'));
const TEXT = FILES.filter(
  (name) => /\.(ts|tsx|mjs|md|sql|ya?ml|sh|css|html)$|Makefile$|\.ci\/run$/.test(name) && !isFixture(name),
);
const SELF = 'test/tidy/tidy.test.ts';

/** `file:line: text` of every line of the files that matches. */
function offences(names: readonly string[], pattern: RegExp): string[] {
  return names
    .filter((name) => name !== SELF)
    .flatMap((name) =>
      read(name)
        .split('\n')
        .map((line, index) => [line, `${name}:${index + 1}: ${line.trim().slice(0, 120)}`] as const),
    )
    .filter(([line]) => pattern.test(line))
    .map(([, where]) => where);
}

describe('banned', () => {
  test.each([
    {
      name: 'notes of work that is missing: do it, or write an ADR',
      files: CODE,
      pattern: /\b(TODO|FIXME|XXX|HACK)\b/,
    },
    { name: 'tests that do not run', files: CODE, pattern: /\b(test|it|describe)\.(skip|only|todo)\(/ },
    { name: 'silenced type errors', files: CODE, pattern: /@ts-(ignore|nocheck)/ },
    {
      name: 'silenced lint without a rule',
      files: CODE,
      pattern: /(oxlint|eslint)-disable(?!-(next-)?line [\w@/-]+)/,
    },
    {
      name: 'addresses of a registry or mirror in the lock file',
      files: ['package-lock.json'],
      pattern: /"resolved": "https?:\/\/(?!registry\.npmjs\.org\/)/,
    },
    { name: 'paths of one machine', files: TEXT, pattern: /(^|[\s"'`(=])\/(work|home|Users)\/[a-z]/ },
    {
      name: 'latest as a version',
      files: FILES.filter((name) => /Dockerfile|stack.*\.yml|compose.*\.yml/.test(name)),
      pattern: /:latest\b/,
    },
  ])('$name', ({ files, pattern }) => expect(offences(files, pattern)).toEqual([]));
});

test('a file has one idea: no drawers', () => {
  expect(CODE.filter((name) => /(^|\/)(utils?|helpers?|lib|common-utils|misc)\.tsx?$/.test(name))).toEqual(
    [],
  );
});

test('what only tests need stays with the tests: no service loads a testing door or the testkit', () => {
  const running = CODE.filter(
    (name) =>
      /^(packages|services)\/[^/]+\/(src|page)\//.test(name) &&
      !/\.test\.tsx?$|\/src\/testing\/|^packages\/testkit\//.test(name),
  );
  expect(running.length).toBeGreaterThan(300);
  expect(offences(running, /['"](?:[^'"]*\/testing(?:\/[^'"]*)?|@whoosh\/testkit(?:\/[^'"]*)?)['"]/)).toEqual(
    [],
  );
});

test('every package and service says what it is for', () => {
  const folders = new Set(
    FILES.filter((name) => /^(packages|services)\/[^/]+\/package\.json$/.test(name)).map(dirname),
  );
  expect(folders.size).toBeGreaterThanOrEqual(20);
  expect([...folders].filter((folder) => !FILES.includes(`${folder}/README.md`))).toEqual([]);
});

test('migrations are numbered without a gap and can be undone', () => {
  const up = FILES.filter((name) => /^migrations\/.*\.up\.sql$/.test(name))
    .map((name) => basename(name, '.up.sql'))
    .toSorted();
  expect(up.map((name) => Number(name.slice(0, 3)))).toEqual(up.map((_, index) => index + 1));
  expect(up.slice(0, 7)).toEqual([
    '001_init_schema',
    '002_add_tasks_table',
    '003_add_repositories_table',
    '004_enhance_task_team_integration',
    '005_add_council_tables',
    '006_add_performance_indexes',
    '007_add_team_deployment_status',
  ]);
  expect(up.filter((name) => !FILES.includes(`migrations/${name}.down.sql`))).toEqual([]);
});

test('dependencies are pinned exactly', () => {
  const loose = FILES.filter((name) => /(^|\/)package\.json$/.test(name)).flatMap((name) => {
    const manifest = JSON.parse(read(name)) as Record<string, Record<string, string> | undefined>;
    return ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((kind) =>
      Object.entries(manifest[kind] ?? {})
        .filter(
          ([dependency, version]) =>
            !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version) &&
            !(version === '*' && /^(@whoosh\/|hlc-ts$|raft-ts$)/.test(dependency)),
        )
        .map(([dependency, version]) => `${name}: ${dependency} ${version}`),
    );
  });
  expect(loose).toEqual([]);
});

test('the lock file has every platform package of what it pins', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }>;
  };
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter(
        (name) =>
          !(`${path}/node_modules/${name}` in lock.packages) && !(`node_modules/${name}` in lock.packages),
      )
      .map((name) => `${path || 'root'}: ${name}`),
  );
  expect(missing).toEqual([]);
});

test('links between our documents lead somewhere', () => {
  const broken = FILES.filter((name) => name.endsWith('.md') && !isFixture(name)).flatMap((name) =>
    [...read(name).matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !existsSync(resolve(ROOT, dirname(name), decodeURIComponent(target))))
      .map((target) => `${name}: ${target}`),
  );
  expect(broken).toEqual([]);
});

test('no large file has crept in', () => {
  expect(
    FILES.filter((name) => name !== 'package-lock.json' && statSync(join(ROOT, name)).size > 1024 * 1024),
  ).toEqual([]);
});
