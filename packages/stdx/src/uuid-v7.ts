import { assert } from './assert.ts';

const RANDOM_BYTES = 10;
const NOW_MS_MAX = 2 ** 48;

/**
 * A UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then chance, so that ids made later sort later.
 * The caller brings time and at least 10 random bytes, since pure code has neither.
 */
export function uuidV7(nowMs: number, random: Uint8Array): string {
  assert(
    Number.isInteger(nowMs) && nowMs >= 0 && nowMs < NOW_MS_MAX,
    'uuidV7() needs whole milliseconds of 48 bits',
  );
  assert(random.length >= RANDOM_BYTES, 'uuidV7() needs 10 random bytes');
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(nowMs / 2 ** 32));
  view.setUint32(2, nowMs % 2 ** 32);
  bytes.set(random.subarray(0, RANDOM_BYTES), 6);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  return uuidText(bytes);
}

/**
 * A UUID that depends on `hashHex` alone (version 8, RFC 9562, section 5.8): the same thing said twice
 * gets the same id. Takes the first 16 bytes of a hash in hexadecimal.
 */
export function uuidFromHash(hashHex: string): string {
  assert(/^[0-9a-f]{32,}$/.test(hashHex), 'uuidFromHash() needs at least 16 bytes of lower-case hex');
  const bytes = Uint8Array.from({ length: 16 }, (_, at) =>
    Number.parseInt(hashHex.slice(at * 2, at * 2 + 2), 16),
  );
  const view = new DataView(bytes.buffer);
  view.setUint8(6, 0x80 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  return uuidText(bytes);
}

function uuidText(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
