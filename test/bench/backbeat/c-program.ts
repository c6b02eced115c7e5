import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const COMPILERS = ['cc', 'gcc', 'clang'];
const run = promisify(execFile);

/** Compiles a C file that lies here into the folder; rejects by name where the machine has no compiler. */
export async function compileC(name: string, directory: string): Promise<string> {
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const program = join(directory, name);
  for (const compiler of COMPILERS) {
    try {
      await run(compiler, ['-O2', '-o', program, source]);
      return program;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    }
  }
  throw new Error(
    `${name}.c needs a C compiler (${COMPILERS.join(', ')}): install one, on Debian \`apt-get install gcc libc6-dev\``,
  );
}
