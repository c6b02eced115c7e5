/**
 * Loaded before a pulse by the benchmark alone: takes the reservation out of its conductor, so that the lease is all
 * that fences a beat, and the next index is one above the last beat heard. What remains is the pulse as it is.
 */
import { registerHooks } from 'node:module';

const CHANGES: readonly (readonly [from: RegExp, to: string])[] = [
  [/return \(\s*reserved !== null &&[^;]*\);/, 'return reserved !== undefined && index >= 0;'],
  [
    /const free = nextFreeIndex\(this\.#score\);/,
    'const free = Math.max(nextFreeIndex(this.#score), this.#conductor.expected);',
  ],
];

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith('/services/pulse/src/domain/conductor.ts')) return loaded;
    let source =
      typeof loaded.source === 'string'
        ? loaded.source
        : new TextDecoder().decode(loaded.source ?? undefined);
    for (const [from, to] of CHANGES) {
      if (!from.test(source)) throw new Error('the conductor has changed: its reservation is not found');
      source = source.replace(from, to);
    }
    return { ...loaded, source };
  },
});
