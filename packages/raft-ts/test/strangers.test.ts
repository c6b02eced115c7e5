import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../sim/random.ts';
import { type Message } from '../src/index.ts';
import { encodeMessage } from '../src/node/codec.ts';
import { frame, FrameReader } from '../src/node/frame.ts';
import { code, encodeIntroduction, FrameCodes, type Introduction } from '../src/node/handshake.ts';
import { Membership } from '../src/node/membership.ts';
import { proofsUnder } from '../src/node/secrets.ts';
import { LocalCluster, type LocalNode } from './local-cluster.ts';

const SECRET = 'a secret';
const NOISE_CONNECTIONS = 40;
const LOUD_TERM = 1_000_000;

let cluster: LocalCluster;
/** Whose port is dialled; it led when the tests began. */
let listener: LocalNode;
beforeAll(async () => {
  cluster = await LocalCluster.start(3);
  listener = await cluster.leader();
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** Who dials, and with what; a sound introduction of a peer when nothing is said. */
interface Dialer {
  readonly clusterId?: string;
  readonly secret?: string;
  readonly previous?: string;
  readonly from?: string;
  readonly to?: string;
  /** The introduction as it leaves; the sound one is given. */
  readonly introduce?: (sound: Buffer) => Buffer;
  /** What is sent once the listener has answered, framed and all. */
  readonly say?: (codes: FrameCodes, from: number) => Buffer;
}

function peer(): string {
  return cluster.followersOf(listener)[0]?.name ?? '';
}

/** Dials the listener, plays its part, and resolves when the listener has closed the connection. */
async function dial({ clusterId = 'test', secret = SECRET, previous, ...dialer }: Dialer): Promise<void> {
  const { from = peer(), to = listener.name, introduce = (sound: Buffer) => sound, say } = dialer;
  const membership = new Membership(clusterId, cluster.peers);
  const socket = open();
  const reader = new FrameReader(4096);
  let who: Introduction | undefined;
  socket.on('data', (bytes: Buffer) => {
    for (const content of reader.push(bytes) ?? []) {
      if (who === undefined) {
        who = {
          digest: membership.digest(),
          from,
          to,
          listenerNonce: Buffer.from(content),
          dialerNonce: randomBytes(16),
        };
        socket.write(
          introduce(frame(encodeIntroduction(who, proofsUnder({ current: secret, previous }, who)))),
        );
      } else if (say !== undefined) {
        socket.write(say(new FrameCodes(code(secret, 'frames', who)), membership.idOf(from)));
      }
    }
  });
  await once(socket, 'close');
}

function open(): Socket {
  const socket = connect({ host: '127.0.0.1', port: listener.raft.transport.address?.port ?? 0 });
  socket.on('error', () => undefined);
  return socket;
}

/** A vote in a term far ahead: whoever believed it would go there. */
function loudVote(from: number, to: number): Message {
  return { type: 'vote', from, to, term: LOUD_TERM, lastIndex: 9e9, lastTerm: LOUD_TERM, transfer: true };
}

/** On a busy machine the nodes may elect anew, one term after the other; only a stranger's word leads this far. */
function expectQuietTerms(): void {
  for (const { raft } of cluster.nodes.values()) expect(raft.status().term).toBeLessThan(LOUD_TERM / 2);
}

function framed(codes: FrameCodes, body: Buffer): Buffer {
  return frame(codes.next(body), body);
}

const own = (): number => new Membership('test', cluster.peers).idOf(listener.name);

const STRANGERS: readonly (readonly [what: string, reason: string, dialer: () => Dialer])[] = [
  ['of another cluster', 'foreign', () => ({ clusterId: 'other' })],
  ['who wants somebody else', 'foreign', () => ({ to: peer() })],
  ['nobody knows', 'foreign', () => ({ from: 'n9', say: () => Buffer.alloc(0) })],
  ['who says to be the listener itself', 'foreign', () => ({ from: listener.name })],
  ['with another secret', 'unauthenticated', () => ({ secret: 'another' })],
  ['with two other secrets', 'unauthenticated', () => ({ secret: 'another', previous: 'and another' })],
  ['of another protocol', 'malformed', () => ({ introduce: () => frame(Buffer.from('raft-ts/9 hello')) })],
  ['who announces 4 GiB', 'too_long', () => ({ introduce: () => Buffer.from([255, 255, 255, 255]) })],
  ['who introduces itself at length', 'too_long', () => ({ introduce: () => frame(Buffer.alloc(4_097)) })],
  [
    'who talks on before being answered',
    'malformed',
    () => ({ introduce: (sound) => Buffer.concat([sound, sound]) }),
  ],
  [
    'who forges the code of a frame',
    'unauthenticated',
    () => ({ say: (_codes, from) => frame(Buffer.alloc(32), encodeMessage(loudVote(from, own()))) }),
  ],
  [
    'who repeats a frame',
    'unauthenticated',
    () => ({
      say: (codes, from) => {
        const body = encodeMessage({ type: 'appendAccepted', from, to: own(), term: 0, index: 0 });
        const once = framed(codes, body);
        return Buffer.concat([once, once]);
      },
    }),
  ],
  ['who says nonsense', 'malformed', () => ({ say: (codes) => framed(codes, Buffer.from('nonsense')) })],
  ['who says too little', 'malformed', () => ({ say: () => frame(Buffer.alloc(3)) })],
  [
    'who speaks in the name of another',
    'foreign',
    () => ({ say: (codes, from) => framed(codes, encodeMessage(loudVote(from === 1 ? 2 : 1, own()))) }),
  ],
  [
    'who says what is meant for another',
    'foreign',
    () => ({ say: (codes, from) => framed(codes, encodeMessage(loudVote(from, from))) }),
  ],
  [
    'who sends a frame beyond the limit',
    'too_long',
    () => ({ say: () => Buffer.from([127, 255, 255, 255]) }),
  ],
];

test.each(STRANGERS)(
  'a dialer %s is cut off and counted, and raises no term',
  async (_what, reason, dialer) => {
    const before = listener.raft.transport.counters.refused[reason] ?? 0;
    const { from } = dialer();
    if (from === 'n9') await dialUnknown();
    else await dial(dialer());
    expect(listener.raft.transport.counters.refused[reason]).toBe(before + 1);
    expectQuietTerms();
  },
);

/** The membership does not know this name, so it cannot be asked for an id. */
async function dialUnknown(): Promise<void> {
  const socket = open();
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  const listenerNonce = Buffer.from(new FrameReader(64).push(bytes)?.[0] ?? []);
  const digest = new Membership('test', cluster.peers).digest();
  const who = { digest, from: 'n9', to: listener.name, listenerNonce, dialerNonce: randomBytes(16) };
  const secrets = { current: SECRET, previous: undefined };
  socket.write(frame(encodeIntroduction(who, proofsUnder(secrets, who))));
  await once(socket, 'close');
}

test('a dialer who says nothing is cut off', { timeout: 20_000 }, async () => {
  const before = listener.raft.transport.counters.refused['silent'] ?? 0;
  const socket = open();
  socket.resume();
  await once(socket, 'close');
  expect(listener.raft.transport.counters.refused['silent']).toBeGreaterThan(before);
});

test('noise on many connections at once disturbs nobody', { timeout: 30_000 }, async () => {
  const random = new Random(1);
  const counted = (): number =>
    Object.values(listener.raft.transport.counters.refused).reduce((sum, count) => sum + count, 0);
  const before = counted();
  const noise = async (): Promise<void> => {
    const socket = open();
    // Too long for an introduction, whatever it begins with, so that none waits for more.
    socket.write(Buffer.from(Array.from({ length: 8_192 }, () => random.int(0, 255))));
    socket.resume();
    await once(socket, 'close');
  };
  await Promise.all(Array.from({ length: NOISE_CONNECTIONS }, noise));
  expect(counted()).toBeGreaterThanOrEqual(before + NOISE_CONNECTIONS);
  expectQuietTerms();
  await cluster.say('still here');
  await cluster.level();
  for (const { machine } of cluster.nodes.values()) expect(machine.words).toContain('still here');
  expect(cluster.failures).toEqual([]);
});
