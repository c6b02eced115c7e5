import { type JsMsg } from '@nats-io/jetstream';
import { type Bus, bury } from '@whoosh/bus';
import { STREAMS } from '@whoosh/contracts';
import { type Log } from '@whoosh/telemetry';
import { type Place } from './control-decoder.ts';
import { BurialBudget } from './domain/burial-budget.ts';
import { type ReverbMetrics } from './metrics.ts';
import { FIELDS_CHARACTERS_MAX, wrongFields } from './wrong-fields.ts';

/** Under this name bad input of the claims stream lies among the dead letters. */
export const DEAD_CONSUMER = 'reverb-claims';
/** Of a larger payload the beginning is kept. */
export const KEPT_BYTES_MAX = 4 * 1024;
/** Headers beyond this are left out: they may be as large as the payload. */
const HEADER_BYTES_MAX = 1_024;
/** What a dead letter takes beside its payload. */
const LETTER_BYTES = 300 + FIELDS_CHARACTERS_MAX;
const IN_FLIGHT_MAX = 32;
const LOG_EVERY_MS = 1_000;

export interface BadInput {
  /** What it was to be: `claim`, `rotation` or `marker`. */
  readonly kind: string;
  readonly reason: string;
  readonly message: JsMsg;
  readonly place: Place;
}

/**
 * Keeps bad input of the claims stream as dead letters, as far as the budget goes: the rest is counted, logged, and lies
 * in the claims stream for some hours. Never waits and never fails: reading goes on, whatever becomes of a letter.
 */
export class Burials {
  readonly #bus: Bus;
  readonly #metrics: ReverbMetrics;
  readonly #log: Pick<Log, 'info' | 'warn'>;
  readonly #budget = new BurialBudget();
  #inFlight = 0;
  /** By kind and reason: a closed set. */
  readonly #shownAtMs = new Map<string, number>();
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: { bus: Bus; metrics: ReverbMetrics; log: Pick<Log, 'info' | 'warn'> }) {
    this.#bus = options.bus;
    this.#metrics = options.metrics;
    this.#log = options.log;
  }

  offer({ kind, reason, message, place: { sequence, storedAtMs } }: BadInput): void {
    const { data, subject } = message;
    const bytes = Math.min(data.byteLength, KEPT_BYTES_MAX) + LETTER_BYTES;
    if (this.#inFlight >= IN_FLIGHT_MAX || !this.#budget.take(`${kind} ${reason}`, bytes, storedAtMs)) {
      this.#metrics.deadLetters.inc({ result: 'over_budget' });
      return;
    }
    const cut =
      data.byteLength > KEPT_BYTES_MAX ? `, the first ${KEPT_BYTES_MAX} of ${data.byteLength} bytes` : '';
    const fields = wrongFields(kind, reason, data);
    this.#show({ kind, reason, fields, sequence });
    this.#inFlight += 1;
    bury((to, body, options) => this.#bus.store(to, body, options), {
      consumer: DEAD_CONSUMER,
      subject,
      headers: headersOf(message),
      body: data.slice(0, KEPT_BYTES_MAX),
      reason: `${kind}: ${reason}${fields === '' ? '' : ` at ${fields}`}${cut}`,
      attempts: 1,
      // Every replica reads it; it is kept once.
      key: String(sequence),
      from: { stream: STREAMS.BACKBEAT_CLAIMS.name, sequence },
    })
      .then(
        () => this.#metrics.deadLetters.inc({ result: 'kept' }),
        (cause: unknown) => this.#failed(cause),
      )
      .finally(() => (this.#inFlight -= 1));
  }

  /** One of each kind and reason in a second: how many there were is told elsewhere. */
  #show(letter: { kind: string; reason: string; fields: string; sequence: number }): void {
    const { kind, reason, fields, sequence } = letter;
    const nowMs = performance.now();
    const lastAtMs = this.#shownAtMs.get(`${kind} ${reason}`) ?? Number.NEGATIVE_INFINITY;
    if (nowMs - lastAtMs < LOG_EVERY_MS) return;
    this.#shownAtMs.set(`${kind} ${reason}`, nowMs);
    this.#log.info(
      { kind, reason, ...(fields && { fields }), sequence },
      'bad input is kept as a dead letter',
    );
  }

  #failed(cause: unknown): void {
    this.#metrics.deadLetters.inc({ result: 'failed' });
    const nowMs = performance.now();
    if (nowMs - this.#loggedAtMs < LOG_EVERY_MS) return;
    this.#loggedAtMs = nowMs;
    this.#log.warn({ err: cause }, 'bad input could not be kept as a dead letter');
  }
}

function headersOf({ headers }: JsMsg): Record<string, string> {
  if (headers === undefined) return {};
  const entries = [...headers].map(([name, values]): [string, string] => [name, values[0] ?? '']);
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return bytes > HEADER_BYTES_MAX ? {} : Object.fromEntries(entries);
}
