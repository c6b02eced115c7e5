/**
 * Keys on disk, the same for pulse, reverb and agents. A private key is one Ed25519 key in PEM (PKCS #8). Public keys
 * are a text with one key per line: its name, a space, the 32 bytes of the key in base64. Empty lines and what follows
 * a `#` at the beginning of a line do not count.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Signer } from './signature.ts';

/** What a header carries well: an agent or node, and after a slash whatever tells its keys apart in a rotation. */
const KEY_NAME = /^[A-Za-z0-9_.:-]{1,128}(\/[A-Za-z0-9_.:-]{1,64})?$/;
const KEY_BYTES = 32;
/** A raw key as a SubjectPublicKeyInfo (RFC 8410, section 4) begins with these bytes. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Says which line and what would be right, never what the line holds. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** Whose key it is: the name without what tells its keys apart. A StatusClaim must be signed by its own agent. */
export function keyOwner(keyName: string): string {
  return keyName.split('/', 1)[0] as string;
}

/** Public keys by name. Throws {@link KeyFileError}. */
export function readPublicKeys(text: string): ReadonlyMap<string, KeyObject> {
  const keys = new Map<string, KeyObject>();
  for (const [at, line] of text.split('\n').entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const [name = '', encoded = '', ...rest] = trimmed.split(/\s+/);
    const raw = Buffer.from(encoded, 'base64');
    if (rest.length > 0 || raw.length !== KEY_BYTES || !KEY_NAME.test(name)) {
      throw new KeyFileError(
        `line ${at + 1} must be a name, a space, and the ${KEY_BYTES} bytes of an Ed25519 public key in base64`,
      );
    }
    if (keys.has(name)) throw new KeyFileError(`line ${at + 1} has a name that was there before`);
    keys.set(name, createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' }));
  }
  return keys;
}

/** What signs under this name. Throws {@link KeyFileError}. */
export function readSigner(keyName: string, pem: string): Signer {
  if (!KEY_NAME.test(keyName)) {
    throw new KeyFileError('the name of a key is of A-Z a-z 0-9 _ . : -, at most 128, and /label behind it');
  }
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch (cause) {
    throw new KeyFileError('must be a private key in PEM (PKCS #8)', { cause });
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new KeyFileError('must be an Ed25519 key');
  return { keyName, privateKey };
}

/** The line that others put into their list of public keys. */
export function publicKeyLine({ keyName, privateKey }: Signer): string {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return `${keyName} ${spki.subarray(SPKI_PREFIX.length).toString('base64')}`;
}

/** A new private key in PEM. */
export function newPrivateKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
}
