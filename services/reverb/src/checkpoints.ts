import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type JsMsg } from '@nats-io/jetstream';
import { type Bus, StoreRefused } from '@whoosh/bus';
import { PAYLOAD_BYTES_MAX, STREAMS } from '@whoosh/contracts';
import { type Place } from './claim-decoder.ts';
import { type BookCheckpoint } from './domain/checkpoint.ts';
import { CheckpointLog } from './domain/checkpoint-log.ts';
import { WindowBook } from './domain/window-book.ts';

const STREAM = STREAMS.BACKBEAT_CLAIMS.name;
/** Sequence of the marker that the checkpoint was taken behind. */
const MARKER_HEADER = 'Backbeat-Marker';
/** A checkpoint is written at most so often; a restart reads no more than this behind it. */
export const CHECKPOINT_EVERY_MS = 10_000;

/** A checkpoint that unpacks to more than this is none of ours. */
const UNPACKED_BYTES_MAX = 256 * 1024 * 1024;

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/**
 * What a restarted reverb begins with: the state behind a marker, kept in the claims stream itself, so that what
 * lies before it can be purged. Without one, the stream is read from its beginning.
 */
export class Checkpoints {
  readonly #bus: Bus;
  readonly #clusterId: string;
  readonly #log: CheckpointLog;
  /** The one that this reading began with; those before it say nothing. */
  #begun = 0;

  constructor(bus: Bus, clusterId: string, everyMs: number) {
    this.#bus = bus;
    this.#clusterId = clusterId;
    this.#log = new CheckpointLog(everyMs);
  }

  get #subject(): string {
    return `backbeat.${this.#clusterId}.checkpoint`;
  }

  /**
   * The book to begin with. One that cannot be read is told to `onUnreadable` and left aside: then the stream is read
   * from what it still holds.
   */
  async load(onUnreadable: (cause: unknown) => void): Promise<WindowBook> {
    const message = await this.#newest();
    if (message === null) return new WindowBook();
    this.#begun = message.seq;
    const marker = markerOf(message.header.get(MARKER_HEADER), message.seq) ?? 0;
    this.#log.meet({ sequence: message.seq, marker, storedAtMs: message.time.getTime() });
    try {
      const unpacked = await unpack(message.data, { maxOutputLength: UNPACKED_BYTES_MAX });
      return WindowBook.restore(JSON.parse(unpacked.toString()) as BookCheckpoint);
    } catch (cause) {
      onUnreadable(cause);
      return new WindowBook();
    }
  }

  /**
   * Notes a checkpoint that was met in the stream, whoever wrote it; false for one that nobody of us wrote. Throws when
   * it stands behind a marker that this reader never saw: what it missed was purged, and it has to begin again from
   * there. Not for one before the checkpoint that it has begun with: to begin again would lead to the same place.
   */
  meet(message: JsMsg, { sequence, storedAtMs }: Place, markerSequence: number): boolean {
    const marker = markerOf(message.headers?.get(MARKER_HEADER), sequence);
    this.#log.meet({ sequence, marker: marker ?? 0, storedAtMs });
    if (marker === undefined) return false;
    if (marker > markerSequence && sequence > this.#begun)
      throw new Error(`fell behind the checkpoint at ${marker}, read up to ${markerSequence}`);
    return true;
  }

  isDue(storedAtMs: number): boolean {
    return this.#log.isDue(storedAtMs);
  }

  /**
   * Writes a checkpoint and purges what lies before the one before it: a replica that is a little behind still finds
   * all it needs. The reports up to there must be stored. It is `overtaken` when another was written since the last one
   * that was met, or that one stands behind a later marker: an old state behind a newer one would be where a restart
   * begins, and what comes between them is purged.
   */
  async write(checkpoint: BookCheckpoint): Promise<'written' | 'too_large' | 'overtaken'> {
    let sequence: number | undefined;
    this.#log.beginWriting();
    try {
      const packed = await pack(JSON.stringify(checkpoint));
      if (packed.byteLength > PAYLOAD_BYTES_MAX / 2) return 'too_large';
      if (!this.#log.isNewer(checkpoint.sequence)) return 'overtaken';
      sequence = await this.#store(packed, checkpoint.sequence);
    } finally {
      this.#log.endWriting(sequence);
    }
    if (sequence === undefined) return 'overtaken';
    if (this.#log.purgeBefore > 0) {
      await this.#bus.jsm.streams.purge(STREAM, {
        filter: `backbeat.${this.#clusterId}.>`,
        seq: this.#log.purgeBefore,
      });
    }
    return 'written';
  }

  /** Undefined when another one was stored since the last one that is known. */
  async #store(packed: Uint8Array, marker: number): Promise<number | undefined> {
    try {
      const { seq } = await this.#bus.store(this.#subject, packed, {
        headers: { [MARKER_HEADER]: String(marker) },
        expectLastSubjectSequence: this.#log.last,
      });
      return seq;
    } catch (cause) {
      if (!(cause instanceof StoreRefused && cause.reason === 'lost')) throw cause;
      // The stream may have let go of the last one by its limits.
      if ((await this.#newest()) === null) this.#log.forget();
      return undefined;
    }
  }

  #newest() {
    return this.#bus.jsm.streams.getMessage(STREAM, { last_by_subj: this.#subject });
  }
}

/** The marker that a checkpoint says it stands behind; undefined where it cannot, because it lies before it. */
function markerOf(header: string | undefined, sequence: number): number | undefined {
  const marker = header === undefined || header === '' ? Number.NaN : Number(header);
  return marker >= 0 && marker < sequence ? marker : undefined;
}
