import { type Random } from '../../sim/random.ts';
import { type Entry, type Message } from '../../src/index.ts';
import { type LogRecord } from '../../src/node/record.ts';

const BYTES_MAX = 24;

function bytes(random: Random): Uint8Array {
  return Uint8Array.from({ length: random.int(0, BYTES_MAX) }, () => random.int(0, 255));
}

function entry(random: Random, index: number): Entry {
  return { term: random.int(1, 3), index, data: bytes(random) };
}

/** A sound message between three nodes whose terms and logs are about as far as those of a young cluster. */
export function sampleMessage(random: Random): Message {
  const head = { from: random.int(1, 3), to: 1, term: random.int(0, 4) };
  const [index, term] = [random.int(0, 6), random.int(0, 3)];
  const flag = random.chance(0.5);
  const samples: readonly Message[] = [
    { type: 'preVote', ...head, lastIndex: index, lastTerm: term, transfer: flag },
    { type: 'vote', ...head, lastIndex: index, lastTerm: term, transfer: flag },
    { type: 'preVoteReply', ...head, granted: flag },
    { type: 'voteReply', ...head, granted: flag },
    {
      type: 'append',
      ...head,
      prevIndex: index,
      prevTerm: term,
      commit: random.int(0, index),
      entries: Array.from({ length: random.int(0, 3) }, (_, at) => entry(random, index + 1 + at)),
    },
    { type: 'appendAccepted', ...head, index },
    { type: 'appendRejected', ...head, prevIndex: index, hintIndex: index, hintTerm: term },
    { type: 'heartbeat', ...head, commit: 0, sentTick: index, readRound: term },
    { type: 'heartbeatReply', ...head, sentTick: index, readRound: term },
    { type: 'snapshot', ...head, snapshot: { index, term, data: bytes(random) } },
    { type: 'timeoutNow', ...head },
    { type: 'readIndex', ...head, context: `c${index}` },
    { type: 'readIndexReply', ...head, index, context: `c${index}` },
  ];
  return random.pick(samples as [Message, ...Message[]]);
}

export function sampleRecords(random: Random): readonly LogRecord[] {
  const records: LogRecord[] = [{ kind: 'header', clusterId: 'fuzz', node: 'n1', generation: 1 }];
  for (let at = random.int(0, 5); at > 0; at -= 1) {
    const index = random.int(1, 9);
    records.push(
      random.pick<LogRecord>([
        { kind: 'hardState', hardState: { term: index, vote: 1, commit: index } },
        { kind: 'entry', entry: entry(random, index) },
        { kind: 'snapshot', snapshot: { index, term: 1, data: bytes(random) } },
      ]),
    );
  }
  return records;
}
