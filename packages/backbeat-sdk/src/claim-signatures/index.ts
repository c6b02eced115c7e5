/** Signatures of claims, verified off the thread that reads them: for who hears many agents. */
export { KeyRing, type RingKey, VOUCHERS_MAX } from './key-ring.ts';
export { SignatureLane, type SignatureLaneOptions } from './signature-lane.ts';
export {
  askSignature,
  claimSignatures,
  type HeaderSource,
  type Said,
  SIGNATURE_BYTES,
  type SignatureAsked,
  type SignatureQuestion,
  type SignatureSettings,
} from './signature-rule.ts';
export { VerifierPool } from './verifier-pool.ts';
export { BATCH_SIGNATURES_MAX, type ToVerify, type Trust } from './verify-batch.ts';
