import { randomBytes } from 'node:crypto';
import { uuidV7 } from '@whoosh/stdx';

const RANDOM_BYTES = 10;

/** A primary key: a UUID version 7, so that rows made together lie together. */
export function newId(): string {
  return uuidV7(Date.now(), randomBytes(RANDOM_BYTES));
}
