import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RoleId } from '@whoosh/contracts';
import { parse } from 'yaml';
import * as z from 'zod';
import { CORE_ROLES, OPTIONAL_ROLES } from './domain/council.ts';

export const Role = z.strictObject({
  id: RoleId,
  name: z.string().min(1).max(100),
  description: z.string().max(1_000).default(''),
  tags: z.array(z.string().max(64)).max(32).default([]),
  system_prompt: z.string().max(16_384).default(''),
  image: z.string().max(300).optional(),
  defaults: z
    .strictObject({
      models: z.array(z.string().max(100)).max(16).default([]),
      capabilities: z.array(z.string().min(1).max(64)).max(64).default([]),
      expertise: z.array(z.string().max(200)).max(64).default([]),
      max_tasks: z.int().min(1).max(100).default(1),
    })
    .prefault({}),
});
export type Role = z.infer<typeof Role>;
const RolesFile = z.strictObject({ roles: z.array(Role).max(200) });

const ROLES_DIRECTORY = fileURLToPath(new URL('../../../deploy/roles/', import.meta.url));

/**
 * The roles of the given files, merged by id in the order of the files; without any, those of `deploy/roles`.
 * Throws with the file's name when one cannot be read, and when a role that councils need is defined nowhere.
 */
export function readRoles(files: readonly string[]): ReadonlyMap<string, Role> {
  const roles = new Map<string, Role>();
  for (const file of files.length > 0 ? files : shippedFiles()) {
    for (const role of rolesOf(file)) roles.set(role.id, role);
  }
  const missing = [...CORE_ROLES, ...OPTIONAL_ROLES].filter((id) => !roles.has(id));
  if (missing.length > 0) throw new Error(`no file defines the role ${missing.join(', ')}`);
  return roles;
}

function shippedFiles(): string[] {
  return readdirSync(ROLES_DIRECTORY)
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => join(ROLES_DIRECTORY, name));
}

function rolesOf(file: string): Role[] {
  try {
    return RolesFile.parse(parse(readFileSync(file, 'utf8'))).roles;
  } catch (cause) {
    throw new Error(`roles cannot be read from ${file}`, { cause });
  }
}
