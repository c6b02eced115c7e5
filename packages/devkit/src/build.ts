/** `make build`: the page, and for each service a program in `bin/` that starts it with our Node. */
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildPage } from './dev/build-page.ts';
import { messageOf } from './dev/say-failure.ts';
import { repositoryRoot } from './paths.ts';

const bin = join(repositoryRoot, 'bin');
const services = (await readdir(join(repositoryRoot, 'services'))).filter((name) =>
  existsSync(join(repositoryRoot, 'services', name, 'src', 'main.ts')),
);

try {
  await buildPage((line) => console.log(line));
} catch (cause) {
  console.error(messageOf(cause));
  process.exit(1);
}
await rm(bin, { recursive: true, force: true });
await mkdir(bin);
for (const name of services) {
  const program = join(bin, name);
  await writeFile(program, launcher(name));
  await chmod(program, 0o755);
}
console.log(`bin/: ${services.join(', ')}`);

/** Finds the repository from where it lies itself, so that it can be called from anywhere. */
function launcher(service: string): string {
  return `#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd) || exit 1
exec "$here/node_modules/.bin/node" "$here/services/${service}/src/main.ts" "$@"
`;
}
