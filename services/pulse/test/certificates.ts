import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const MAKES_CERTIFICATES = /```sh\n(curve=[^]*?)```/;

/** Does in `directory` what the README tells an operator to do: `ca.pem`, and `<node>.pem`, `<node>.key` for n1, n2 and n3. */
export function makeCertificates(directory: string): void {
  const [, commands] = MAKES_CERTIFICATES.exec(README) ?? [];
  if (commands === undefined) throw new Error('the README makes no certificates');
  execFileSync('sh', ['-euc', commands], { cwd: directory, stdio: 'pipe' });
}
