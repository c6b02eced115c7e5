export { assert, AssertionFailure, unreachable } from './assert.ts';
export { backoffCeilingMs, backoffMs, type Backoff } from './backoff.ts';
export { canonicalJson } from './canonical-json.ts';
export { type Clock, type Instant } from './clock.ts';
export { parseDurationMs } from './duration.ts';
export { sha256Hex } from './hash.ts';
export { Random } from './random.ts';
export { truncateUtf8 } from './truncate-utf8.ts';
export { uuidFromHash, uuidV7 } from './uuid-v7.ts';
