const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * A name's 16-bit node part: FNV-1a over UTF-8, folded. The same name gives the same suffix in
 * every process. Among 10,000 names some 760 pairs collide: break ties by the name itself.
 */
export function nodeSuffix(name: string): number {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(name)) {
    hash = Math.imul(hash ^ byte, FNV_PRIME);
  }
  return ((hash >>> 16) ^ hash) & 0xffff;
}
