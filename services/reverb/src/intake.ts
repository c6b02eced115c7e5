import { type JsMsg } from '@nats-io/jetstream';
import {
  SignatureLane,
  type SignatureSettings,
  type VerifierPool,
} from '@whoosh/backbeat-sdk/claim-signatures';
import { type Log } from '@whoosh/telemetry';
import { readEntry } from './claim-decoder.ts';
import { type Place } from './control-decoder.ts';
import { type StreamEntry } from './domain/entry.ts';
import { askEntry, refused } from './entry-signature.ts';

/** Signatures and who verifies them. */
export interface Signatures extends SignatureSettings {
  readonly pool: VerifierPool;
}

/** A message of the claims stream as the session takes it; no entry for what is none, such as a checkpoint. */
export interface Taken {
  readonly subject: string;
  readonly message: JsMsg;
  readonly place: Place;
  readonly entry: StreamEntry | undefined;
}

export interface IntakeOptions {
  readonly clusterId: string;
  readonly signatures: Signatures | undefined;
  readonly log: Log;
  /** Called for every message in the order of the stream, when it is known whether it is believed. */
  readonly onTaken: (taken: Taken) => void;
}

/** From messages to entries, in the order of the stream; with signatures the order waits for their verdicts. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #lane: SignatureLane<Taken> | undefined;
  readonly #failed = Promise.withResolvers<never>();

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#failed.promise.catch(() => undefined);
    const { clusterId, signatures, log } = options;
    this.#lane =
      signatures &&
      new SignatureLane({
        pool: signatures.pool,
        trust: { clusterId, publicKeys: signatures.keys.publicKeys },
        log,
        deliver: (taken, isGenuine) => this.#deliver(taken, isGenuine),
        onFailure: (cause) =>
          this.#failed.reject(new Error('a message of the claims stream could not be taken', { cause })),
      });
  }

  /** Rejects when a message that had to wait could not be taken. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Messages that are read and wait for a verdict. */
  get waiting(): number {
    return this.#lane?.waiting ?? 0;
  }

  /** Resolves when all that was put until now is taken. */
  settled(): Promise<void> {
    return this.#lane?.settled() ?? Promise.resolve();
  }

  put(subject: string, message: JsMsg, place: Place): void {
    const { data } = message;
    const entry = readEntry(subject, data, place);
    const { signatures, onTaken } = this.#options;
    if (this.#lane === undefined || signatures === undefined) {
      onTaken({ subject, message, place, entry });
      return;
    }
    const asked = entry === undefined ? 'none' : askEntry(signatures, entry, message.headers);
    if (entry !== undefined && (asked === 'unsigned' || asked === 'signature'))
      this.#lane.put({ subject, message, place, entry: refused(entry, asked) }, data, undefined);
    else
      this.#lane.put({ subject, message, place, entry }, data, typeof asked === 'string' ? undefined : asked);
  }

  close(): void {
    this.#lane?.close();
  }

  #deliver(taken: Taken, isGenuine: boolean): void {
    const { entry } = taken;
    this.#options.onTaken(
      isGenuine || entry === undefined ? taken : { ...taken, entry: refused(entry, 'signature') },
    );
  }
}
