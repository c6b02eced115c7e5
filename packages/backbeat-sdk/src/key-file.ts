/**
 * Keys on disk, the same for pulse, reverb, agents and listeners. A private key is one Ed25519 key in PEM (PKCS #8). Public
 * keys are a text with one key per line, `name owner public-key [until=time]`: the name is what the header
 * `Backbeat-Key` carries, the owner is an agent_id (or what several begin with and `*`, for a process that speaks for
 * many), `@pulse` or `@rotation`, the key is Base64 of its 32 bytes or of its
 * SubjectPublicKeyInfo. An owner may have several at once, which is how one is rotated. `#` begins a comment.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type Signer, type TrustedKey } from './signature.ts';

/** Keys in one file: 10,000 agents in the middle of a rotation have 20,000. */
const KEYS_MAX = 100_000;
const PROBLEMS_MAX = 10;
const KEY_BYTES = 32;
/** A raw key as a SubjectPublicKeyInfo begins with these bytes (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_NAME = /^[!-~]{1,128}$/;
const OWNER = /^(?:[a-zA-Z0-9_:-]{1,128}|[a-zA-Z0-9_:-]{1,127}\*|@pulse|@rotation)$/;
const BASE64 = /^[A-Za-z0-9+/_-]{43,60}={0,2}$/;
const UNTIL = /^until=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z)$/;

/** Says which line and what would be right, never what the line holds. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** Public keys by name. Throws {@link KeyFileError} with every line that is wrong, up to ten. */
export function readTrustedKeys(text: string): ReadonlyMap<string, TrustedKey> {
  const keys = new Map<string, TrustedKey>();
  const problems: string[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*/s, '').split(/\s+/).filter(Boolean);
    if (words.length === 0) continue;
    const [name = ''] = words;
    const key = keyOf(words);
    if (typeof key === 'string') problems.push(`line ${at + 1}: ${key}`);
    else if (keys.has(name)) problems.push(`line ${at + 1}: the name is given twice`);
    else keys.set(name, key);
  }
  if (keys.size > KEYS_MAX) problems.push(`more than ${KEYS_MAX} keys`);
  if (keys.size === 0 && problems.length === 0) problems.push('no key');
  if (problems.length > 0) throw new KeyFileError(problems.slice(0, PROBLEMS_MAX).join('; '));
  return keys;
}

function keyOf([name = '', owner = '', encoded = '', until, ...rest]: readonly string[]):
  TrustedKey | string {
  if (!KEY_NAME.test(name)) return 'the name must be 1 to 128 printable characters';
  if (!OWNER.test(owner))
    return 'the owner must be an agent_id, the beginning of some and *, @pulse or @rotation';
  const key = publicKeyOf(encoded);
  if (key === undefined) {
    return 'the key must be an Ed25519 public key in Base64: 32 bytes, or the line of its PEM file';
  }
  if (rest.length > 0) return 'it has more than four words';
  if (until === undefined) return { owner, key, untilMs: Number.POSITIVE_INFINITY };
  const untilMs = Date.parse(UNTIL.exec(until)?.[1] ?? '');
  if (Number.isNaN(untilMs)) return 'the fourth word must be until=YYYY-MM-DDThh:mm:ssZ';
  return { owner, key, untilMs };
}

function publicKeyOf(text: string): KeyObject | undefined {
  if (!BASE64.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  const spki = bytes.length === KEY_BYTES ? Buffer.concat([SPKI_PREFIX, bytes]) : bytes;
  const isSpki = spki.length === SPKI_PREFIX.length + KEY_BYTES && spki.indexOf(SPKI_PREFIX) === 0;
  return isSpki ? createPublicKey({ key: spki, format: 'der', type: 'spki' }) : undefined;
}

/** What signs under this name. Throws {@link KeyFileError}. */
export function readSigner(keyName: string, pem: string): Signer {
  if (!KEY_NAME.test(keyName)) throw new KeyFileError('the name must be 1 to 128 printable characters');
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
export function trustedKeyLine({ keyName, privateKey }: Signer, owner: string): string {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return `${keyName} ${owner} ${spki.subarray(SPKI_PREFIX.length).toString('base64')}`;
}

/** A new private key in PEM. */
export function newPrivateKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
}
