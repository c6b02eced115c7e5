/** Keys and signatures alone, for who must not load the whole client to sign or to check. */
export { KeyFileError, newPrivateKey, readSigner, readTrustedKeys, trustedKeyLine } from './key-file.ts';
export {
  signaturePolicy,
  signerFrom,
  signingProblems,
  type SigningVariables,
  trustProblems,
  type TrustVariables,
} from './key-settings.ts';
export {
  addSignature,
  checkSignature,
  isOwner,
  KEY_HEADER,
  PULSE_OWNER,
  ROTATION_OWNER,
  SIGNATURE_HEADER,
  type SignaturePolicy,
  type SignatureVerdict,
  type Signer,
  type TrustedKey,
} from './signature.ts';
