export { bare, type Bare, Recomputation, type Recomputed, recompute } from './recomputation.ts';
export { type SignatureRules } from './signature-verdict.ts';
export { type StoredMessage } from './stored-message.ts';
