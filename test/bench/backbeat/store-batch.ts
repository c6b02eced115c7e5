import { headers, type NatsConnection, nuid } from '@nats-io/nats-core';
import { type CrowdClaim } from './crowd-script.ts';

const ACK_TIMEOUT_MS = 2_000;

/** Stores messages in one atomic batch; false when it was not acknowledged. */
export async function storeBatch(
  connection: NatsConnection,
  claims: readonly CrowdClaim[],
): Promise<boolean> {
  const id = nuid.next();
  const last = claims.at(-1);
  if (last === undefined) return true;
  const head = (i: number) => {
    const h = headers();
    h.set('Nats-Batch-Id', id);
    h.set('Nats-Batch-Sequence', String(i + 1));
    return h;
  };
  try {
    for (const [i, { subject, text }] of claims.slice(0, -1).entries())
      connection.publish(subject, text, { headers: head(i) });
    const commit = head(claims.length - 1);
    commit.set('Nats-Batch-Commit', '1');
    const reply = await connection.request(last.subject, last.text, {
      headers: commit,
      timeout: ACK_TIMEOUT_MS,
    });
    return reply.json<{ error?: unknown }>().error === undefined;
  } catch {
    return false;
  }
}
