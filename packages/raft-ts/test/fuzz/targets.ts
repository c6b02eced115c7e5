import { isDeepStrictEqual } from 'node:util';
import { crc32 } from 'node:zlib';
import { type Random } from '../../sim/random.ts';
import { MemoryStorage, raftConfig, RaftInvariantError, RaftNode } from '../../src/index.ts';
import { decodeMessage, encodeMessage } from '../../src/node/codec.ts';
import { frame, FrameReader } from '../../src/node/frame.ts';
import { decodeIntroduction, encodeIntroduction } from '../../src/node/handshake.ts';
import { decodeRecords, encodeRecords, type LogRecord } from '../../src/node/record.ts';
import { agreedSecret, proofsUnder, type Secrets } from '../../src/node/secrets.ts';
import { mutateBytes } from './mutate-bytes.ts';
import { sampleMessage, sampleRecords } from './sample-messages.ts';

/** One attempt at breaking a decoder: true when the mutated bytes were taken for something. Throws what is wrong. */
export type Target = (random: Random) => boolean;

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** What is taken is a sound message: it has a wire form, which means the same, and it is no larger than what came. */
function wire(random: Random): boolean {
  const bytes = mutateBytes(random, encodeMessage(sampleMessage(random)));
  const message = decodeMessage(bytes);
  if (message === undefined) return false;
  const again = decodeMessage(encodeMessage(message));
  must(isDeepStrictEqual(again, message), `not the same again: ${JSON.stringify(message)}`);
  const entries = message.type === 'append' ? message.entries : [];
  const held = entries.reduce((sum, { data }) => sum + 16 + data.byteLength, 0);
  must(held <= bytes.byteLength, `${bytes.byteLength} bytes became ${held}`);
  return true;
}

/** What is read back is what was written, up to the damage. */
function records(random: Random): boolean {
  const written = sampleRecords(random);
  const { bytes } = encodeRecords(written, 0);
  const damaged = mutateBytes(random, Buffer.from(bytes));
  const read = decodeRecords(damaged);
  must(read.soundBytes <= damaged.byteLength, 'more is sound than there is');
  must(
    read.records.every((record, at) => isDeepStrictEqual(record, written[at])),
    `a record was changed unnoticed: ${JSON.stringify(read.records)} of ${JSON.stringify(written)}`,
  );
  return read.records.length > 0;
}

/** With checksums that fit, as only a defect of our own would write them: still no exception. */
function sealedRecords(random: Random): boolean {
  const [kind, ...rest] = encodeRecords([random.pick(sampleRecords(random) as [LogRecord])], 0).bytes.slice(
    8,
  );
  const body = Buffer.concat([Buffer.of(kind ?? 0), mutateBytes(random, Buffer.from(rest))]);
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(body.byteLength, 0);
  const sealed = Buffer.from(prefix);
  sealed.writeUInt32LE(crc32(body, crc32(prefix)), 4);
  return decodeRecords(Buffer.concat([sealed, body])).records.length > 0;
}

const FRAME_BYTES_MAX = 64;

/** However the stream is cut, a reader gives no frame that is too long, and stops at one that announces to be. */
function frames(random: Random): boolean {
  const stream = mutateBytes(
    random,
    Buffer.concat([1, 2, 3].map((length) => frame(Buffer.alloc(length * 7, length)))),
  );
  const reader = new FrameReader(FRAME_BYTES_MAX);
  let taken = 0;
  for (let at = 0; at < stream.byteLength;) {
    const end = at + random.int(1, 12);
    const contents = reader.push(stream.subarray(at, end));
    if (contents === undefined) return taken > 0;
    for (const content of contents) must(content.byteLength <= FRAME_BYTES_MAX, 'a frame is too long');
    taken += contents.length;
    at = end;
  }
  must(taken * 4 <= stream.byteLength, 'more frames than bytes');
  return taken > 0;
}

function introduction(random: Random): boolean {
  const who = {
    digest: Buffer.alloc(32, 1),
    from: 'n1',
    to: 'n2',
    listenerNonce: Buffer.alloc(16, 2),
    dialerNonce: Buffer.alloc(16, 3),
  };
  const dialer: Secrets = { current: 'secret', previous: random.pick([undefined, 'the one before']) };
  const sound = encodeIntroduction(who, proofsUnder(dialer, who));
  const changed = mutateBytes(random, sound);
  const read = decodeIntroduction(changed, who.listenerNonce);
  if (read === undefined) return false;
  const listener = { current: random.pick(['secret', 'the one before']), previous: undefined };
  const isProved = agreedSecret(listener, read.who, read.proofs) !== undefined;
  must(!isProved || isDeepStrictEqual(read.who, who), `a changed introduction is believed: ${read.who.from}`);
  return true;
}

/** What gets through the codec may be nonsense; the core refuses it, or fails by its own name, and no commit is undone. */
export function newCoreTarget(): Target {
  let node = start();
  return (random) => {
    const message = decodeMessage(mutateBytes(random, encodeMessage(sampleMessage(random))));
    if (message === undefined) return false;
    const { term, commit } = node.status();
    try {
      node.step(message);
      if (node.hasReady()) node.advance(node.ready());
      const after = node.status();
      must(after.term >= term && after.commit >= commit, 'the core went back');
      must(after.term <= Math.max(term, message.term) + 1, `a term out of nowhere: ${after.term}`);
    } catch (cause) {
      if (!(cause instanceof RaftInvariantError)) throw cause;
      node = start();
    }
    return true;
  };
}

function start(): RaftNode {
  return new RaftNode(raftConfig({ id: 1, peers: [1, 2, 3], random: () => 0.5 }), new MemoryStorage());
}

export const TARGETS: Readonly<Record<string, () => Target>> = {
  'raft messages': () => wire,
  'raft core': newCoreTarget,
  'raft frames': () => frames,
  'raft introductions': () => introduction,
  'log records': () => records,
  'sealed log records': () => sealedRecords,
};

/** Runs a target so often; throws with the number of the attempt at which it broke. */
export function fuzz(name: string, target: Target, random: Random, count: number): number {
  let taken = 0;
  for (let at = 0; at < count; at += 1) {
    try {
      if (target(random)) taken += 1;
    } catch (cause) {
      throw new Error(`${name}, attempt ${at + 1}`, { cause });
    }
  }
  return taken;
}
