import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { isOwner, KeyFileError, newPrivateKey, readSigner, readTrustedKeys } from '@whoosh/backbeat-sdk/keys';
import { type Secret } from '@whoosh/config';
import { VOUCHED_PUBLIC_KEY_BYTES, voucherText } from '@whoosh/contracts';
import { DEPLOYED_AGENT_PREFIX } from './domain/seats.ts';

const VARIABLE = 'WHOOSH_AGENT_VOUCHER_KEY';
/** A voucher names no key; reading one needs some name. */
const ANY_NAME = 'voucher';

/** With what one attempt of one agent signs. The private half leaves this process as a file for that agent, and is kept nowhere. */
export interface AgentKey {
  /** PEM, PKCS #8. */
  readonly privateKey: string;
  /** What `Backbeat-Key` carries: the public key, and our word that it is this agent's. */
  readonly name: string;
}

/** Makes the keys of agents and vouches for them, so that no list has to know ids that are not yet. */
export class AgentKeys {
  readonly #voucherKey: KeyObject;
  readonly #cluster: string;

  /** @throws KeyFileError when it is no Ed25519 key in PEM */
  constructor(voucherKey: Secret, cluster: string) {
    this.#voucherKey = readSigner(ANY_NAME, voucherKey.reveal()).privateKey;
    this.#cluster = cluster;
  }

  issue(agent: string): AgentKey {
    const privateKey = newPrivateKey();
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    const raw = spki.subarray(-VOUCHED_PUBLIC_KEY_BYTES);
    const text = voucherText({ cluster: this.#cluster, agent, publicKey: raw.toString('base64') });
    const voucher = sign(null, Buffer.from(text), this.#voucherKey);
    return { privateKey, name: Buffer.concat([raw, voucher]).toString('base64') };
  }
}

interface VoucherVariables {
  readonly WHOOSH_AGENT_VOUCHER_KEY?: Secret | undefined;
  readonly BACKBEAT_KEYS?: string | undefined;
}

/** Where the list that reverb has as well is known here, our key must be in it for all agents that we start. */
export function voucherProblems({
  WHOOSH_AGENT_VOUCHER_KEY: secret,
  BACKBEAT_KEYS: list,
}: VoucherVariables): string[] {
  if (secret === undefined) return [];
  try {
    const own = createPublicKey(readSigner(ANY_NAME, secret.reveal()).privateKey);
    const listed = list === undefined ? undefined : readable(list);
    const speaksForThem = listed?.some(
      (trusted) => trusted.key.equals(own) && isOwner(trusted, DEPLOYED_AGENT_PREFIX),
    );
    return (speaksForThem ?? true)
      ? []
      : [`${VARIABLE}: BACKBEAT_KEYS must have its public key, with the owner ${DEPLOYED_AGENT_PREFIX}*`];
  } catch (cause) {
    if (!(cause instanceof KeyFileError)) throw cause;
    return [`${VARIABLE}: ${cause.message}`];
  }
}

/** Undefined for a list that cannot be read, which is a problem of its own. */
function readable(list: string) {
  try {
    return [...readTrustedKeys(list).values()];
  } catch (cause) {
    if (!(cause instanceof KeyFileError)) throw cause;
    return undefined;
  }
}
