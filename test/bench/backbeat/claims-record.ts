import { DeliverPolicy } from '@nats-io/jetstream';
import { type Bus } from '@whoosh/bus';
import { STREAMS } from '@whoosh/contracts';
import { until } from '@whoosh/testkit';
import { type StoredMessage } from '@whoosh/testkit/recomputation';

const CLAIMS = STREAMS.BACKBEAT_CLAIMS.name;
const RECORD = 'BENCH_CLAIMS_RECORD';
const READ_TIMEOUT_MS = 60_000;

/**
 * Everything that ever lay in the claims stream: a mirror of it with the same sequences and times, because reverb purges the
 * stream itself behind its checkpoints.
 */
export async function recordClaims(bus: Bus): Promise<void> {
  await bus.jsm.streams.add({ name: RECORD, mirror: { name: CLAIMS } });
}

/** Waits until all that is in the claims stream now is in the record. */
export async function recordIsWhole(bus: Bus): Promise<void> {
  const { last_seq: last } = (await bus.jsm.streams.info(CLAIMS)).state;
  await until(async () => (await bus.jsm.streams.info(RECORD)).state.last_seq >= last, {
    timeoutMs: READ_TIMEOUT_MS,
    everyMs: 100,
    describe: 'the record of the claims stream',
  });
}

/** Gives the messages of the record in their order; answers how many there are. */
export async function readRecord(bus: Bus, take: (message: StoredMessage) => void): Promise<number> {
  const { state } = await bus.jsm.streams.info(RECORD);
  const last = state.last_seq;
  if (state.first_seq !== 1 || state.messages !== last)
    throw new Error(`the record holds ${state.messages} of ${last} messages`);
  const consumer = await bus.js.consumers.get(RECORD, { deliver_policy: DeliverPolicy.All });
  const over = Promise.withResolvers<void>();
  const messages = await consumer.consume({
    max_messages: 5_000,
    callback: (message) => {
      take({
        sequence: message.seq,
        storedAtMs: Number(message.timestampNanos / 1_000_000n),
        subject: message.subject,
        text: message.string(),
      });
      if (message.seq === last) over.resolve();
    },
  });
  void messages.closed().then((cause) => over.reject(cause ?? new Error('the record ended')));
  await over.promise;
  await messages.close();
  return last;
}
