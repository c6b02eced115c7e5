import {
  dropDeadLetter,
  listDeadLetters,
  replayDeadLetter,
  type Bus,
  type DeadLetter as Buried,
} from '@whoosh/bus';
import { CallError } from '@whoosh/contracts';
import { truncateUtf8 } from '@whoosh/stdx';
import { HttpRefusal } from '../domain/failure.ts';
import { type DeadLetter } from '../routes/dead-letters.ts';

const EXCERPT_BYTES_MAX = 2_048;

export interface DeadLetterQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly consumer?: string | undefined;
}

/** The dead letters of the whole system, as the REST API shows them; the stream itself is the only list there is. */
export class DeadLetters {
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  async list({ limit, cursor, consumer }: DeadLetterQuery) {
    const before = cursor === undefined ? undefined : sequenceOf(cursor);
    const page = await reachable(() =>
      listDeadLetters(this.#bus.jsm, {
        limit,
        ...(consumer !== undefined && { consumer }),
        ...(before !== undefined && { before }),
      }),
    );
    return {
      items: page.letters.map(shown),
      next_cursor: page.next === undefined ? null : String(page.next),
    };
  }

  async replay(id: number): Promise<{ id: number; consumer: string }> {
    const { consumer } = await reachable(() =>
      replayDeadLetter(
        this.#bus.jsm,
        (subject, body, options) => this.#bus.store(subject, body, options),
        id,
      ),
    );
    return { id, consumer };
  }

  async drop(id: number): Promise<{ id: number }> {
    const wasThere = await reachable(() => dropDeadLetter(this.#bus.jsm, id));
    if (!wasThere) throw new CallError('not_found', `There is no dead letter ${id}.`);
    return { id };
  }
}

function shown(letter: Buried): DeadLetter {
  const text = Buffer.from(letter.body).toString('utf8');
  return {
    id: letter.id,
    consumer: letter.consumer,
    subject: letter.subject,
    reason: letter.reason,
    attempts: letter.attempts,
    event_type: eventTypeOf(text),
    headers: { ...letter.headers },
    body_excerpt: truncateUtf8(text, EXCERPT_BYTES_MAX).text,
    bytes: letter.body.length,
    died_at: letter.at.toISOString(),
  };
}

function eventTypeOf(text: string): string | null {
  try {
    const { type } = JSON.parse(text) as { type?: unknown };
    return typeof type === 'string' ? type : null;
  } catch {
    return null;
  }
}

function sequenceOf(cursor: string): number {
  const sequence = /^\d{1,15}$/.test(cursor) ? Number(cursor) : Number.NaN;
  if (!(sequence >= 1)) throw new HttpRefusal('invalid_argument', 'cursor must be one that we gave.');
  return sequence;
}

/** What the stream says is said on; that it says nothing is `unavailable`. */
async function reachable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (cause instanceof CallError) throw cause;
    throw new CallError('unavailable', 'The stream of dead letters is not to be had right now.', { cause });
  }
}
