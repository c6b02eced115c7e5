import { randomUUID } from 'node:crypto';
import { type JetStreamManager, type StoredMsg } from '@nats-io/jetstream';
import { CallError, CONSUMERS, deadSubject, retrySubject, STREAMS } from '@whoosh/contracts';
import { ORIGINAL_SUBJECT_HEADER } from './delivery.ts';
import { recordOf } from './nats-headers.ts';
import { type Stored, type StoreOptions } from './store.ts';

/** Said beside the original headers; the body stays as it was, byte for byte. */
const DEAD_HEADERS = {
  reason: 'Whoosh-Dead-Reason',
  attempts: 'Whoosh-Dead-Attempts',
  stream: 'Whoosh-Dead-Stream',
  sequence: 'Whoosh-Dead-Sequence',
} as const;
const REASON_BYTES_MAX = 1_000;
const DEAD_PREFIX = deadSubject('');
const CODE_NO_MESSAGE_FOUND = 10037;

/** Headers of the broker's own making, and ours of an earlier death: no part of the original message. */
const isOriginal = (name: string) =>
  !name.startsWith('Nats-') && !name.startsWith('Whoosh-Dead-') && name !== ORIGINAL_SUBJECT_HEADER;

export interface DeadLetter {
  /** Its sequence in WHOOSH_DEAD: the id under which it is shown, replayed and dropped. */
  readonly id: number;
  readonly consumer: string;
  readonly at: Date;
  readonly reason: string;
  readonly attempts: number;
  /** What it was before: subject, headers and body. */
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

type StoreFn = (subject: string, body: unknown, options: StoreOptions) => Promise<Stored>;

export interface Death {
  readonly consumer: string;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly reason: string;
  readonly attempts: number;
  /** Names the message; burying the same one twice is stored once. */
  readonly key: string;
  readonly from?: { readonly stream: string; readonly sequence: number };
}

/** Puts a message that will not be handled where an operator finds it. */
export async function bury(storeFn: StoreFn, death: Death): Promise<void> {
  const { consumer, subject, headers, body, reason, attempts, key, from } = death;
  const original = Object.entries(headers).filter(([name]) => isOriginal(name));
  await storeFn(deadSubject(consumer), body, {
    id: `dead:${consumer}:${key}`,
    headers: {
      ...Object.fromEntries(original),
      [ORIGINAL_SUBJECT_HEADER]: subject,
      [DEAD_HEADERS.reason]: reason.slice(0, REASON_BYTES_MAX),
      [DEAD_HEADERS.attempts]: String(attempts),
      [DEAD_HEADERS.stream]: from?.stream,
      [DEAD_HEADERS.sequence]: from && String(from.sequence),
    },
  });
}

/** A dead letter as it lies in the stream. */
export function readDeadLetter(stored: StoredMsg): DeadLetter {
  const headers = recordOf(stored.header);
  return {
    id: stored.seq,
    consumer: stored.subject.slice(DEAD_PREFIX.length),
    at: stored.time,
    reason: headers[DEAD_HEADERS.reason] ?? '',
    attempts: Number(headers[DEAD_HEADERS.attempts] ?? 0),
    subject: headers[ORIGINAL_SUBJECT_HEADER] ?? '',
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => isOriginal(name))),
    body: stored.data,
  };
}

export interface DeadLetterPage {
  readonly letters: readonly DeadLetter[];
  /** Give it as `before` for the page that follows; undefined when this was the last. */
  readonly next: number | undefined;
}

/** Dead letters, newest first, of one consumer or of all; looks at no more than `scanMax` places at a time. */
export async function listDeadLetters(
  jsm: JetStreamManager,
  options: { consumer?: string; before?: number; limit: number; scanMax?: number },
): Promise<DeadLetterPage> {
  const { consumer, limit, scanMax = 1_000 } = options;
  const { state } = await jsm.streams.info(STREAMS.WHOOSH_DEAD.name);
  const newest = Math.min(state.last_seq, (options.before ?? Number.MAX_SAFE_INTEGER) - 1);
  const letters: DeadLetter[] = [];
  let at = newest;
  // An empty stream that never held anything begins at 0, which is no place to ask for.
  const oldest = Math.max(1, state.first_seq);
  for (; at >= oldest && at > newest - scanMax && letters.length < limit; at -= 1) {
    const letter = await getDeadLetter(jsm, at);
    if (letter !== undefined && (consumer === undefined || letter.consumer === consumer))
      letters.push(letter);
  }
  const isMore = at >= oldest && state.messages > 0;
  return { letters, next: isMore ? at + 1 : undefined };
}

/** One dead letter, or undefined when it was dropped or is too old. */
export async function getDeadLetter(jsm: JetStreamManager, id: number): Promise<DeadLetter | undefined> {
  const stored = await jsm.streams
    .getMessage(STREAMS.WHOOSH_DEAD.name, { seq: id })
    .catch((cause: unknown) => {
      if ((cause as { code?: unknown }).code === CODE_NO_MESSAGE_FOUND) return null;
      throw cause;
    });
  return stored === null ? undefined : readDeadLetter(stored);
}

/** Says it again to its consumer alone, with a new id and a fresh count, and takes it off the list. */
export async function replayDeadLetter(
  jsm: JetStreamManager,
  storeFn: StoreFn,
  id: number,
): Promise<DeadLetter> {
  const letter = await getDeadLetter(jsm, id);
  if (letter === undefined) throw new CallError('not_found', `there is no dead letter ${id}`);
  if (!Object.hasOwn(CONSUMERS, letter.consumer)) {
    throw new CallError('failed_precondition', `nobody hears ${letter.consumer} any more`);
  }
  await storeFn(retrySubject(letter.consumer), letter.body, {
    id: randomUUID(),
    headers: { ...letter.headers, [ORIGINAL_SUBJECT_HEADER]: letter.subject },
  });
  await dropDeadLetter(jsm, id);
  return letter;
}

/** Forgets it for good; false when it was gone already. */
export async function dropDeadLetter(jsm: JetStreamManager, id: number): Promise<boolean> {
  // The broker has one code for every reason why it could not delete, so what is gone is found out before.
  if ((await getDeadLetter(jsm, id)) === undefined) return false;
  return await jsm.streams.deleteMessage(STREAMS.WHOOSH_DEAD.name, id);
}
