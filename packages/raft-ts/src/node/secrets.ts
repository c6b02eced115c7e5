import { code, codesEqual, type Introduction, type Proofs } from './handshake.ts';

/** What a node proves itself with, and for the time of a rotation the one before it. */
export interface Secrets {
  readonly current: string;
  readonly previous: string | undefined;
}

/**
 * Which secret two nodes speak under while a cluster moves from one secret to the next, node by node.
 *
 * A dialer cannot know how far the listener is and sends a proof under each of its secrets, each made for its place:
 * one that was made as the previous cannot pass as the current one. The proof under the current secret covers the
 * other. The listener takes a secret that both know and that is the current one of at least one of the two, its own
 * current one before all; it answers under that one, and so do the frames. Two that merely remember the same previous
 * secret are not connected: so whoever knows neither secret and removes or exchanges a proof can bring two nodes to no
 * other secret than they would have agreed on, only to none. Throws nothing, and compares in constant time.
 */
export function proofsUnder({ current, previous }: Secrets, who: Introduction): Proofs {
  const second = previous === undefined ? undefined : code(previous, 'dialer, previous', who);
  return { current: code(current, 'dialer', who, second), previous: second };
}

/** The listener's choice; `undefined` when the dialer has proved nothing that counts. */
export function agreedSecret(secrets: Secrets, who: Introduction, given: Proofs): string | undefined {
  const { current, previous } = secrets;
  const isUnder = (secret: string): boolean =>
    codesEqual(given.current, code(secret, 'dialer', who, given.previous));
  const isCurrentForBoth = isUnder(current);
  const isCurrentHere =
    given.previous !== undefined && codesEqual(given.previous, code(current, 'dialer, previous', who));
  const isCurrentThere = previous !== undefined && isUnder(previous);
  if (isCurrentForBoth || isCurrentHere) return current;
  return isCurrentThere ? previous : undefined;
}

/** Which of its secrets the dialer was answered under; `undefined` when the listener has proved none. */
export function answeredSecret(
  { current, previous }: Secrets,
  who: Introduction,
  answer: Uint8Array,
): string | undefined {
  const isCurrent = codesEqual(answer, code(current, 'listener', who));
  const isPrevious = previous !== undefined && codesEqual(answer, code(previous, 'listener', who));
  if (isCurrent) return current;
  return isPrevious ? previous : undefined;
}
