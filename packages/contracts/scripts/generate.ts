/** Writes what is made from the definitions: schemas/, asyncapi.json and the tables of docs/PROTOCOL.md. `make gen` runs it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fillTables } from '../src/protocol-tables.ts';
import { asyncApi, schemaFiles } from '../src/schemas.ts';

const at = (path: string) => new URL(path, import.meta.url);
const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

for (const [draft, folder] of [
  ['draft-2020-12', '../schemas/'],
  ['draft-07', '../schemas/draft-07/'],
] as const) {
  if (draft === 'draft-2020-12') rmSync(at(folder), { recursive: true, force: true });
  mkdirSync(at(folder), { recursive: true });
  for (const { type, schema } of schemaFiles(draft))
    writeFileSync(at(`${folder}${type}.schema.json`), json(schema));
}
writeFileSync(at('../asyncapi.json'), json(asyncApi()));
const protocol = at('../../../docs/PROTOCOL.md');
writeFileSync(protocol, fillTables(readFileSync(protocol, 'utf8')));
