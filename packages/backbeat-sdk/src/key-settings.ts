/** Keys as a process is told of them: by variables, the same names wherever a program follows the beat or speaks on it. */
import { createPublicKey } from 'node:crypto';
import { KeyFileError, readSigner, readTrustedKeys } from './key-file.ts';
import { isOwner, PULSE_OWNER, type SignaturePolicy, type Signer } from './signature.ts';

/** Whom to believe. */
export interface TrustVariables {
  /** The text of the list, a line per key. */
  readonly BACKBEAT_KEYS?: string | undefined;
  readonly BACKBEAT_REQUIRE_SIGNATURES?: boolean | undefined;
}

/** What to sign with. */
export interface SigningVariables {
  /** A private key in PEM, in something that does not print it. */
  readonly BACKBEAT_SIGNING_KEY?: { reveal(): string } | undefined;
  readonly BACKBEAT_SIGNING_KEY_NAME?: string | undefined;
}

/** Whose frames a listener believes; undefined without keys. Throws {@link KeyFileError}. */
export function signaturePolicy(variables: TrustVariables): SignaturePolicy | undefined {
  const { BACKBEAT_KEYS: text, BACKBEAT_REQUIRE_SIGNATURES: required = false } = variables;
  return text === undefined ? undefined : { keys: readTrustedKeys(text), required };
}

/** Each names its variable and never what that holds. */
export function trustProblems(variables: TrustVariables): string[] {
  const policy = told('BACKBEAT_KEYS', () => signaturePolicy(variables));
  if (typeof policy === 'string') return [policy];
  if (variables.BACKBEAT_REQUIRE_SIGNATURES !== true) return [];
  const isPulseTrusted = [...(policy?.keys.values() ?? [])].some(({ owner }) => owner === PULSE_OWNER);
  return isPulseTrusted
    ? []
    : [`BACKBEAT_REQUIRE_SIGNATURES: BACKBEAT_KEYS must have a key of ${PULSE_OWNER}`];
}

/** What a process signs with, under `nameByDefault` unless it is told another one. Throws {@link KeyFileError}. */
export function signerFrom(variables: SigningVariables, nameByDefault: string): Signer | undefined {
  const { BACKBEAT_SIGNING_KEY: key, BACKBEAT_SIGNING_KEY_NAME: name = nameByDefault } = variables;
  return key && readSigner(name, key.reveal());
}

/** Of a process that speaks for `agentIds`: where the list that it knows itself has its key for others, nobody would believe it. */
export function signingProblems(
  variables: SigningVariables & TrustVariables,
  { nameByDefault, agentIds }: { readonly nameByDefault: string; readonly agentIds: readonly string[] },
): string[] {
  const signer = told('BACKBEAT_SIGNING_KEY', () => signerFrom(variables, nameByDefault));
  if (typeof signer === 'string') return [signer];
  const policy = told('BACKBEAT_KEYS', () => signaturePolicy(variables));
  if (signer === undefined || policy === undefined || typeof policy === 'string') return [];
  const listed = policy.keys.get(signer.keyName);
  if (listed === undefined) return [];
  if (!createPublicKey(signer.privateKey).equals(listed.key)) {
    return [`BACKBEAT_SIGNING_KEY: BACKBEAT_KEYS has another key under the name ${signer.keyName}`];
  }
  const stranger = agentIds.find((agentId) => !isOwner(listed, agentId));
  return stranger === undefined
    ? []
    : [
        `BACKBEAT_SIGNING_KEY: in BACKBEAT_KEYS ${signer.keyName} is a key of ${listed.owner}, which is not ${stranger}`,
      ];
}

function told<T>(variable: string, read: () => T): T | string {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof KeyFileError)) throw cause;
    return `${variable}: ${cause.message}`;
  }
}
