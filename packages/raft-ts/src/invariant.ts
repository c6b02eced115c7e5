/**
 * A rule of the protocol or a duty of the caller was broken. The node's memory can no longer be trusted:
 * the caller stops it and starts again from what is durable.
 */
export class RaftInvariantError extends Error {
  override readonly name = 'RaftInvariantError';
}

export function invariant(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new RaftInvariantError(claim);
}
