import { type Entry, type Message, type MessageType } from '../message.ts';

/** The types in wire order; never reorder, only append. */
const TYPES: readonly MessageType[] = [
  'preVote',
  'vote',
  'preVoteReply',
  'voteReply',
  'append',
  'appendAccepted',
  'appendRejected',
  'heartbeat',
  'heartbeatReply',
  'snapshot',
  'timeoutNow',
  'readIndex',
  'readIndexReply',
];

const NUMBER_BYTES = 8;
const ENTRIES_MAX = 1_000_000;

/** Writes integers as doubles, exact to 2^53, and byte strings with their length. */
class Writer {
  readonly #parts: Buffer[] = [];

  number(value: number): this {
    const bytes = Buffer.alloc(NUMBER_BYTES);
    bytes.writeDoubleLE(value);
    this.#parts.push(bytes);
    return this;
  }

  bytes(data: Uint8Array): this {
    this.number(data.byteLength);
    this.#parts.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return this;
  }

  done(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

class Malformed extends Error {}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  number(max = Number.MAX_SAFE_INTEGER): number {
    if (this.#at + NUMBER_BYTES > this.#bytes.byteLength) throw new Malformed();
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += NUMBER_BYTES;
    if (!Number.isSafeInteger(value) || value < 0 || value > max) throw new Malformed();
    return value;
  }

  flag(): boolean {
    return this.number(1) === 1;
  }

  bytes(): Uint8Array {
    const length = this.number();
    if (this.#at + length > this.#bytes.byteLength) throw new Malformed();
    const copy = new Uint8Array(this.#bytes.subarray(this.#at, this.#at + length));
    this.#at += length;
    return copy;
  }

  text(): string {
    return Buffer.from(this.bytes()).toString('utf8');
  }

  end(): void {
    if (this.#at !== this.#bytes.byteLength) throw new Malformed();
  }
}

export function encodeMessage(message: Message): Buffer {
  const out = new Writer();
  out.number(TYPES.indexOf(message.type)).number(message.from).number(message.to).number(message.term);
  switch (message.type) {
    case 'preVote':
    case 'vote':
      return out.number(message.lastIndex).number(message.lastTerm).number(Number(message.transfer)).done();
    case 'preVoteReply':
    case 'voteReply':
      return out.number(Number(message.granted)).done();
    case 'append':
      out.number(message.prevIndex).number(message.prevTerm).number(message.commit);
      out.number(message.entries.length);
      for (const entry of message.entries) out.number(entry.term).number(entry.index).bytes(entry.data);
      return out.done();
    case 'appendAccepted':
      return out.number(message.index).done();
    case 'appendRejected':
      return out.number(message.prevIndex).number(message.hintIndex).number(message.hintTerm).done();
    case 'heartbeat':
      return out.number(message.commit).number(message.sentTick).number(message.readRound).done();
    case 'heartbeatReply':
      return out.number(message.sentTick).number(message.readRound).done();
    case 'snapshot':
      return out
        .number(message.snapshot.index)
        .number(message.snapshot.term)
        .bytes(message.snapshot.data)
        .done();
    case 'timeoutNow':
      return out.done();
    case 'readIndex':
      return out.bytes(Buffer.from(message.context)).done();
    case 'readIndexReply':
      return out.number(message.index).bytes(Buffer.from(message.context)).done();
  }
}

function readEntries(input: Reader): readonly Entry[] {
  const count = input.number(ENTRIES_MAX);
  const entries: Entry[] = [];
  for (let at = 0; at < count; at += 1) {
    const [term, index] = [input.number(), input.number()];
    entries.push({ term, index, data: input.bytes() });
  }
  return entries;
}

function readMessage(input: Reader): Message {
  const type = TYPES[input.number(TYPES.length - 1)];
  const [from, to, term] = [input.number(), input.number(), input.number()];
  const head = { from, to, term };
  if (type === undefined) throw new Malformed();
  switch (type) {
    case 'preVote':
    case 'vote': {
      const [lastIndex, lastTerm] = [input.number(), input.number()];
      return { type, ...head, lastIndex, lastTerm, transfer: input.flag() };
    }
    case 'preVoteReply':
    case 'voteReply':
      return { type, ...head, granted: input.flag() };
    case 'append': {
      const [prevIndex, prevTerm, commit] = [input.number(), input.number(), input.number()];
      return { type, ...head, prevIndex, prevTerm, commit, entries: readEntries(input) };
    }
    case 'appendAccepted':
      return { type, ...head, index: input.number() };
    case 'appendRejected': {
      const [prevIndex, hintIndex, hintTerm] = [input.number(), input.number(), input.number()];
      return { type, ...head, prevIndex, hintIndex, hintTerm };
    }
    case 'heartbeat': {
      const [commit, sentTick, readRound] = [input.number(), input.number(), input.number()];
      return { type, ...head, commit, sentTick, readRound };
    }
    case 'heartbeatReply': {
      const [sentTick, readRound] = [input.number(), input.number()];
      return { type, ...head, sentTick, readRound };
    }
    case 'snapshot': {
      const [index, snapshotTerm] = [input.number(), input.number()];
      return { type, ...head, snapshot: { index, term: snapshotTerm, data: input.bytes() } };
    }
    case 'timeoutNow':
      return { type, ...head };
    case 'readIndex':
      return { type, ...head, context: input.text() };
    case 'readIndexReply': {
      const index = input.number();
      return { type, ...head, index, context: input.text() };
    }
  }
}

/** `undefined` when the bytes are not exactly one message. */
export function decodeMessage(bytes: Buffer): Message | undefined {
  const input = new Reader(bytes);
  try {
    const message = readMessage(input);
    input.end();
    return message;
  } catch (cause) {
    if (cause instanceof Malformed) return undefined;
    throw cause;
  }
}
