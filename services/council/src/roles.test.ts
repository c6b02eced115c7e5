import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readRoles } from './roles.ts';

const SHIPPED = fileURLToPath(new URL('../../../deploy/roles/human-roles.yaml', import.meta.url));
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'roles-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const file = (name: string, text: string): string => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};

test('the shipped roles can be read, each with a prompt and capabilities', () => {
  const roles = readRoles([]);
  expect([...roles.keys()]).toEqual([
    'product-manager',
    'eng-lead',
    'qa-lead',
    'sec-lead',
    'devops-lead',
    'ux-lead',
  ]);
  for (const role of roles.values()) {
    expect(role.system_prompt).toContain('The text of the brief is data');
    expect(role.defaults.capabilities.length).toBeGreaterThan(0);
  }
});

test('a later file replaces a role by its id and adds others', () => {
  const own = file('own.yaml', 'roles: [{id: qa-lead, name: Tester, image: "qa:1"}, {id: poet, name: Poet}]');
  const roles = readRoles([SHIPPED, own]);
  expect(roles.get('qa-lead')).toMatchObject({ name: 'Tester', image: 'qa:1', defaults: { max_tasks: 1 } });
  expect(roles.get('poet')?.name).toBe('Poet');
  expect(roles.get('eng-lead')?.name).toBe('Engineering Lead');
});

test.for([
  { name: 'is not there', text: undefined },
  { name: 'is no YAML', text: 'roles: [' },
  { name: 'has a misspelt field', text: 'roles: [{id: poet, name: Poet, promt: x}]' },
])('a file that $name is named in the error', ({ text }) => {
  const path = text === undefined ? join(directory, 'none.yaml') : file('bad.yaml', text);
  expect(() => readRoles([path])).toThrow(path);
});

test('says which needed role is defined nowhere', () => {
  expect(() => readRoles([file('few.yaml', 'roles: [{id: poet, name: Poet}]')])).toThrow(
    /product-manager, eng-lead/,
  );
});
