/**
 * Makes a key: the private half goes to a file, the line for others' lists of public keys to the terminal.
 * node packages/backbeat-sdk/examples/new-key.ts <key name> <owner: agent_id or @pulse> <file>
 */
import { writeFileSync } from 'node:fs';
import { newPrivateKey, readSigner, trustedKeyLine } from '@whoosh/backbeat-sdk/keys';

const [keyName, owner, file] = process.argv.slice(2);
if (keyName === undefined || owner === undefined || file === undefined) {
  process.stderr.write('three words are needed: <key name> <owner: agent_id or @pulse> <file>\n');
  process.exit(1);
}
const pem = newPrivateKey();
writeFileSync(file, pem, { mode: 0o600, flag: 'wx' });
process.stdout.write(`${trustedKeyLine(readSigner(keyName, pem), owner)}\n`);
