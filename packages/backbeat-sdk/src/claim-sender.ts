import { headers, type MsgHdrs, nuid } from '@nats-io/nats-core';
import { CallError, HEADERS } from '@whoosh/contracts';
import { answerWithinMs, CLAIM_RETRY_MAX_MS, nextTryMs } from './domain/claim-retry.ts';
import { type MonotonicClock } from './monotonic-clock.ts';
import { addSignature, type Signer } from './signature.ts';

/** Claims waiting for their slot or their acknowledgement, per connection. */
export const CLAIMS_WAITING_MAX = 50_000;
/** Claims that are stored together or not at all. */
export const BATCH_CLAIMS_MAX = 256;
const BATCH_CLAIMS_MIN = 4;
const BATCHES_IN_FLIGHT_MAX = 8;
/** Claims whose slots lie this close together leave together. */
const SLOT_MS = 5;
/** JetStream answers below 500 that pass: stored just now, too many requests or batches. */
const TRANSIENT_CODES = new Set([10_158, 10_167, 10_211]);

/** What the sender needs of a connection. */
export interface ClaimWire {
  publish(subject: string, payload: Uint8Array, options: { headers: MsgHdrs }): void;
  request(
    subject: string,
    payload: Uint8Array,
    options: { timeout: number; headers: MsgHdrs },
  ): Promise<{ json<T>(): T }>;
}

export interface OutgoingClaim {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** The full timestamp, for the header `Backbeat-Hlc`. */
  readonly hlc: string;
  /** Whoever says it: agents that share a connection sign with their own keys. */
  readonly signer?: Signer | undefined;
}

export interface StoredClaim {
  /** Sequence in the claims stream; of a batch, that of its last claim. */
  readonly sequence: number;
  readonly attempts: number;
}

export interface ClaimCounters {
  stored: number;
  retried: number;
  lost: number;
  batches: number;
}

interface Waiting extends OutgoingClaim {
  readonly giveUpAtMs: number;
  attempts: number;
  readonly done: PromiseWithResolvers<StoredClaim>;
}

/**
 * Stores claims in the stream, each at its slot, and repeats what is not acknowledged: the same bytes, so
 * that a claim stored twice counts once. Many claims of one moment go as atomic batches, a few of them at a time;
 * what becomes due meanwhile fills the next ones, so that a busy stream gets fuller batches and not more of them.
 */
export class ClaimSender {
  readonly counters: ClaimCounters = { stored: 0, retried: 0, lost: 0, batches: 0 };
  readonly #connection: ClaimWire;
  readonly #clock: MonotonicClock;
  readonly #slots = new Map<number, { claims: Waiting[]; cancel: () => void }>();
  /** Due, but all batches are under way; the next one takes as many of them as it may. */
  readonly #due: Waiting[] = [];
  #batchesInFlight = 0;
  #waiting = 0;
  #isClosed = false;

  constructor(options: { connection: ClaimWire; clock: MonotonicClock }) {
    this.#connection = options.connection;
    this.#clock = options.clock;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Stores the claim at `dueMs`. Rejects with `resource_exhausted` when too many wait, `unavailable` when the
   * claim was lost, `invalid_argument` when the stream refuses it for good.
   */
  send(claim: OutgoingClaim, dueMs: number): Promise<StoredClaim> {
    if (this.#isClosed) return Promise.reject(new CallError('unavailable', 'the link is closed'));
    if (this.#waiting >= CLAIMS_WAITING_MAX) {
      return Promise.reject(new CallError('resource_exhausted', 'too many claims are waiting to be stored'));
    }
    const nowMs = this.#clock.nowMs();
    const startMs = Math.max(nowMs, dueMs);
    const waiting: Waiting = {
      ...claim,
      giveUpAtMs: startMs + CLAIM_RETRY_MAX_MS,
      attempts: 0,
      done: Promise.withResolvers(),
    };
    this.#waiting += 1;
    this.#schedule([waiting], startMs);
    return waiting.done.promise;
  }

  /** Gives up what waits for its slot; what is on the wire ends by itself. */
  close(): void {
    this.#isClosed = true;
    for (const { claims, cancel } of this.#slots.values()) {
      cancel();
      this.#lose(claims, new CallError('unavailable', 'the link was closed'));
    }
    this.#slots.clear();
    this.#lose(this.#due.splice(0), new CallError('unavailable', 'the link was closed'));
  }

  #schedule(claims: Waiting[], atMs: number): void {
    const slot = Math.floor(atMs / SLOT_MS);
    const open = this.#slots.get(slot);
    if (open !== undefined) {
      open.claims.push(...claims);
      return;
    }
    const cancel = this.#clock.at(slot * SLOT_MS, () => {
      const due = this.#slots.get(slot);
      this.#slots.delete(slot);
      if (due !== undefined) this.#leave(due.claims);
    });
    this.#slots.set(slot, { claims: [...claims], cancel });
  }

  #leave(claims: readonly Waiting[]): void {
    for (const claim of claims) this.#due.push(claim);
    this.#pump();
  }

  #pump(): void {
    while (this.#due.length > 0 && this.#batchesInFlight < BATCHES_IN_FLIGHT_MAX) {
      const claims = this.#inTime(this.#due.splice(0, BATCH_CLAIMS_MAX));
      if (claims.length === 0) continue;
      if (claims.length < BATCH_CLAIMS_MIN) {
        for (const claim of claims) void this.#storeOne(claim);
        continue;
      }
      this.#batchesInFlight += 1;
      void this.#storeBatch(claims).finally(() => {
        this.#batchesInFlight -= 1;
        this.#pump();
      });
    }
  }

  /** What has waited for its turn until it is too late is not sent any more. */
  #inTime(claims: readonly Waiting[]): Waiting[] {
    const nowMs = this.#clock.nowMs();
    const [left, over]: [Waiting[], Waiting[]] = [[], []];
    for (const claim of claims) (nowMs < claim.giveUpAtMs ? left : over).push(claim);
    if (over.length > 0) this.#lose(over, new CallError('unavailable', 'the claim was not sent in time'));
    return left;
  }

  async #storeOne(claim: Waiting): Promise<void> {
    const outcome = await this.#request(claim, headers(), [claim]);
    if (outcome.ok) this.#stored([claim], outcome.sequence);
    else this.#again([claim], outcome);
  }

  async #storeBatch(claims: Waiting[]): Promise<void> {
    const id = nuid.next();
    const outcome = await this.#publishBatch(claims, id);
    this.counters.batches += 1;
    if (outcome.ok) {
      this.#stored(claims, outcome.sequence);
    } else if (outcome.isFinal && claims.length > 1) {
      // One refused claim must not take the others along, and a batch cut by a change of leader has a second way.
      for (const claim of claims) void this.#storeOne(claim);
    } else {
      this.#again(claims, outcome);
    }
  }

  async #publishBatch(claims: readonly Waiting[], id: string): Promise<Outcome> {
    const last = claims.at(-1) as Waiting;
    try {
      for (const [i, claim] of claims.slice(0, -1).entries()) {
        this.#connection.publish(claim.subject, claim.payload, {
          headers: this.#dress(claim, batchHeaders(id, i + 1)),
        });
      }
    } catch (cause) {
      return { ok: false, isFinal: false, cause };
    }
    const commit = batchHeaders(id, claims.length);
    commit.set('Nats-Batch-Commit', '1');
    return this.#request(last, commit, claims);
  }

  /** @param all whom the answer is for */
  async #request(claim: Waiting, head: MsgHdrs, all: readonly Waiting[]): Promise<Outcome> {
    const giveUpAtMs = all.map((each) => each.giveUpAtMs);
    try {
      const reply = await this.#connection.request(claim.subject, claim.payload, {
        timeout: answerWithinMs(giveUpAtMs, this.#clock.nowMs()),
        headers: this.#dress(claim, head),
      });
      return outcomeOf(reply.json<PubAck>());
    } catch (cause) {
      return { ok: false, isFinal: false, cause };
    }
  }

  #dress(claim: Waiting, head: MsgHdrs): MsgHdrs {
    head.set(HEADERS.hlc, claim.hlc);
    addSignature(claim.signer, claim.payload, head);
    return head;
  }

  #stored(claims: Waiting[], sequence: number): void {
    this.counters.stored += claims.length;
    this.#waiting -= claims.length;
    for (const claim of claims) claim.done.resolve({ sequence, attempts: claim.attempts + 1 });
  }

  #again(claims: readonly Waiting[], failure: Failure): void {
    const nowMs = this.#clock.nowMs();
    // One draw for all: what failed together goes together again.
    const chance = Math.random();
    const lost: Waiting[] = [];
    for (const claim of claims) {
      claim.attempts += 1;
      const againMs = failure.isFinal || this.#isClosed ? undefined : nextTryMs(claim, nowMs, chance);
      if (againMs === undefined) {
        lost.push(claim);
      } else {
        this.counters.retried += 1;
        this.#schedule([claim], againMs);
      }
    }
    if (lost.length === 0) return;
    const code = failure.isFinal ? 'invalid_argument' : 'unavailable';
    this.#lose(lost, new CallError(code, 'the claim was not stored', { cause: failure.cause }));
  }

  #lose(claims: readonly Waiting[], error: CallError): void {
    this.counters.lost += claims.length;
    this.#waiting -= claims.length;
    for (const claim of claims) claim.done.reject(error);
  }
}

interface PubAck {
  readonly seq?: number;
  readonly error?: { readonly code: number; readonly err_code?: number; readonly description?: string };
}

type Failure = { readonly ok: false; readonly isFinal: boolean; readonly cause: unknown };
type Outcome = { readonly ok: true; readonly sequence: number } | Failure;

function outcomeOf(ack: PubAck): Outcome {
  if (ack.error === undefined) return { ok: true, sequence: ack.seq ?? 0 };
  const isFinal = ack.error.code < 500 && !TRANSIENT_CODES.has(ack.error.err_code ?? 0);
  return { ok: false, isFinal, cause: new Error(ack.error.description ?? 'refused by the stream') };
}

function batchHeaders(id: string, sequence: number): MsgHdrs {
  const head = headers();
  head.set('Nats-Batch-Id', id);
  head.set('Nats-Batch-Sequence', String(sequence));
  return head;
}
