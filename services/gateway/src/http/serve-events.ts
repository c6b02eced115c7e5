import { type Request, type RequestHandler, type Response } from 'express';
import { CallError } from '@whoosh/contracts';
import { HttpRefusal } from '../domain/failure.ts';
import { lastEventId, SSE_HEARTBEAT, sseFrame, type Frame } from '../domain/sse.ts';
import { type BeatWatch } from '../events/beat-watch.ts';
import { type EventFeed } from '../events/event-feed.ts';
import { admit } from './admit.ts';
import { type Log } from './answer-failure.ts';

export const READERS_MAX = 1_000;
/** A reader that lets more than this wait is cut; it comes back and resumes. */
export const READER_BUFFER_BYTES_MAX = 64 * 1024;
const HEARTBEAT_MS = 15_000;
const DRAIN_WAIT_MS = 30_000;
/** What a reader has not taken this long after the end is not waited for: it would hold up the end of the process. */
const END_WAIT_MS = 2_000;
/** How long a reader that lost its connection should wait. */
const RETRY_MS = 2_000;
/** The longest wait a timer can count; a token that lives longer is looked at again then. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface EventStreamParts {
  readonly feed: EventFeed;
  readonly beats: BeatWatch;
  readonly log: Log;
  readonly stopping: AbortSignal;
  readonly nowMs: () => number;
  readonly readers: { inc(): void; dec(): void };
  readonly onCut: (why: 'slow' | 'expired') => void;
}

/** `GET /api/v1/events`: every event as it is stored, resumable; with `?beats=1` beats and reports as well. */
export function serveEvents(parts: EventStreamParts): RequestHandler {
  let open = 0;
  return async (request, response) => {
    const { expiresAtMs } = admit('any', request, response);
    const after = askedFrom(request);
    const withBeats = asksForBeats(request);
    if (!parts.feed.isOpen || parts.stopping.aborted)
      throw new CallError('unavailable', 'The event stream is not to be had right now.');
    const isGone = await isGap(parts.feed, after);
    if (open >= READERS_MAX) throw new CallError('resource_exhausted', 'Too many readers of events.');
    open += 1;
    parts.readers.inc();
    try {
      await new Reader(request, response, parts).run({ after, isGone, withBeats, expiresAtMs });
    } finally {
      open -= 1;
      parts.readers.dec();
    }
  };
}

interface Wish {
  readonly after: number | undefined;
  readonly isGone: boolean;
  readonly withBeats: boolean;
  readonly expiresAtMs: number | undefined;
}

/** One open answer. Ends when the reader leaves, is too slow, its token expires, or the process stops. */
class Reader {
  readonly #response: Response;
  readonly #parts: EventStreamParts;
  readonly #ended = new AbortController();

  constructor(request: Request, response: Response, parts: EventStreamParts) {
    this.#response = response;
    this.#parts = parts;
    // Open for as long as it likes, unlike every other answer.
    request.socket.setTimeout(0);
    response.once('close', () => this.#ended.abort());
  }

  async run(wish: Wish): Promise<void> {
    const { feed, beats, stopping } = this.#parts;
    const signal = this.#ended.signal;
    this.#greet(wish);
    const undo: (() => void)[] = [];
    try {
      const beating = setInterval(() => this.#live(SSE_HEARTBEAT), HEARTBEAT_MS);
      undo.push(() => clearInterval(beating));
      undo.push(this.#endAt(wish.expiresAtMs));
      const stop = () => this.#end();
      stopping.addEventListener('abort', stop);
      undo.push(() => stopping.removeEventListener('abort', stop));
      if (wish.withBeats) undo.push(this.#followBeats(beats));
      const live = (frame: Frame) => this.#live(sseFrame(frame));
      const replay = async (frame: Frame) => this.#patiently(sseFrame(frame));
      const after = wish.isGone ? undefined : wish.after;
      undo.push(await feed.subscribe(live, { after, replay, signal }));
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    } finally {
      for (const act of undo) act();
    }
  }

  #greet(wish: Wish): void {
    const response = this.#response;
    response.status(200);
    response.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
    response.setHeader('Cache-Control', 'no-store, no-transform');
    response.setHeader('X-Accel-Buffering', 'no');
    response.write(`retry: ${RETRY_MS}\n\n`);
    // What lies between is not kept any more: the reader must look at the lists again.
    if (wish.isGone) response.write(sseFrame({ event: 'reset', data: '{}' }));
  }

  #followBeats(beats: BeatWatch): () => void {
    if (beats.frame) this.#live(sseFrame({ event: 'beat', data: JSON.stringify(beats.frame) }));
    return beats.listen((event, body) => this.#live(sseFrame({ event, data: JSON.stringify(body) })));
  }

  #endAt(expiresAtMs: number | undefined): () => void {
    if (expiresAtMs === undefined) return () => undefined;
    const waitMs = Math.min(Math.max(0, expiresAtMs - this.#parts.nowMs()), TIMER_MS_MAX);
    const timer = setTimeout(() => {
      this.#parts.onCut('expired');
      this.#end();
    }, waitMs);
    return () => clearTimeout(timer);
  }

  #end(): void {
    this.#response.end();
    const cut = setTimeout(() => this.#response.destroy(), END_WAIT_MS);
    this.#ended.signal.addEventListener('abort', () => clearTimeout(cut), { once: true });
  }

  #live(text: string): void {
    if (this.#response.writableEnded || this.#ended.signal.aborted) return;
    if (this.#response.writableLength > READER_BUFFER_BYTES_MAX) {
      this.#parts.onCut('slow');
      this.#response.destroy();
      return;
    }
    this.#response.write(text);
  }

  /** For what is old: waits for the reader rather than cutting it, but not for ever. */
  async #patiently(text: string): Promise<void> {
    if (this.#response.writableEnded || this.#ended.signal.aborted) return;
    if (this.#response.write(text)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#response.destroy(), DRAIN_WAIT_MS);
    const goOn = () => resolve();
    this.#response.once('drain', goOn);
    this.#ended.signal.addEventListener('abort', goOn, { once: true });
    await promise;
    clearTimeout(timer);
    this.#response.removeListener('drain', goOn);
    this.#ended.signal.removeEventListener('abort', goOn);
  }
}

function askedFrom(request: Request): number | undefined {
  const after = lastEventId(request.get('last-event-id'));
  if (after === 'malformed')
    throw new HttpRefusal('invalid_argument', 'Last-Event-ID must be a number we gave.');
  return after;
}

function asksForBeats(request: Request): boolean {
  for (const name of Object.keys(request.query)) {
    if (name !== 'beats') throw new HttpRefusal('invalid_argument', 'The query takes beats=1 only.');
  }
  const beats = request.query['beats'];
  return beats === '1' || beats === 'true';
}

async function isGap(feed: EventFeed, after: number | undefined): Promise<boolean> {
  if (after === undefined) return false;
  const { first, last } = await feed.bounds();
  return after + 1 < first || after > last;
}
