import { randomBytes } from 'node:crypto';
import { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type Message, type NodeId } from '../message.ts';
import { decodeMessage } from './codec.ts';
import { frame, FrameReader } from './frame.ts';
import { code, CODE_BYTES, codesEqual, decodeIntroduction, FrameCodes, NONCE_BYTES } from './handshake.ts';
import { type Membership } from './membership.ts';
import { agreedSecret, type Secrets } from './secrets.ts';

export interface InboundOptions {
  readonly socket: Socket;
  readonly node: string;
  readonly membership: Membership;
  readonly secrets: Secrets;
  readonly namedByCertificate: boolean;
  readonly maxFrameBytes: number;
  readonly onSpeaker: (id: NodeId) => void;
  readonly onMessage: (message: Message) => void;
  readonly onRefused: (reason: string) => void;
  readonly onClosed: () => void;
}

const INTRODUCTION_BYTES_MAX = 4096;
/** Also for the handshake of TLS, which comes before. */
export const INTRODUCTION_TIMEOUT_MS = 2_000;

/** A connection that was accepted. It only listens; the first thing that is wrong closes it. */
export class Inbound {
  readonly #options: InboundOptions;
  readonly #nonce = randomBytes(NONCE_BYTES);
  #reader = new FrameReader(INTRODUCTION_BYTES_MAX);
  #codes: FrameCodes | undefined;
  #speaker: NodeId | undefined;

  constructor(options: InboundOptions) {
    this.#options = options;
    const { socket } = options;
    socket.setTimeout(INTRODUCTION_TIMEOUT_MS, () => this.#refuse('silent'));
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => options.onClosed());
    socket.write(frame(this.#nonce));
  }

  close(): void {
    this.#options.socket.destroy();
  }

  #refuse(reason: string): void {
    this.#options.onRefused(reason);
    this.close();
  }

  #read(bytes: Buffer): void {
    const frames = this.#reader.push(bytes);
    if (frames === undefined) return this.#refuse('too_long');
    for (const [at, content] of frames.entries()) {
      if (this.#options.socket.destroyed) return;
      if (this.#codes !== undefined) {
        this.#message(content);
        continue;
      }
      // Nobody sends on before being answered.
      if (at + 1 < frames.length) return this.#refuse('malformed');
      this.#introduced(content);
    }
  }

  #introduced(content: Buffer): void {
    const { membership, node, secrets, socket, maxFrameBytes } = this.#options;
    const introduction = decodeIntroduction(content, this.#nonce);
    if (introduction === undefined) return this.#refuse('malformed');
    const { who, proofs } = introduction;
    if (!codesEqual(who.digest, membership.digest()) || who.to !== node) return this.#refuse('foreign');
    const known = membership.peers.some((peer) => peer.name === who.from) && who.from !== node;
    if (!known) return this.#refuse('foreign');
    const secret = agreedSecret(secrets, who, proofs);
    if (secret === undefined) return this.#refuse('unauthenticated');
    if (this.#options.namedByCertificate && this.#certificateName() !== who.from) {
      return this.#refuse('unauthenticated');
    }
    this.#speaker = membership.idOf(who.from);
    this.#codes = new FrameCodes(code(secret, 'frames', who));
    this.#reader = new FrameReader(maxFrameBytes);
    socket.setTimeout(0);
    socket.write(frame(code(secret, 'listener', who)));
    this.#options.onSpeaker(this.#speaker);
  }

  #certificateName(): string | undefined {
    const { socket } = this.#options;
    if (!(socket instanceof TLSSocket)) return undefined;
    const name = socket.getPeerCertificate().subject?.CN;
    return typeof name === 'string' ? name : undefined;
  }

  #message(content: Buffer): void {
    if (content.byteLength < CODE_BYTES) return this.#refuse('malformed');
    const body = content.subarray(CODE_BYTES);
    const expected = this.#codes?.next(body);
    if (expected === undefined || !codesEqual(content.subarray(0, CODE_BYTES), expected)) {
      return this.#refuse('unauthenticated');
    }
    const message = decodeMessage(body);
    if (message === undefined) return this.#refuse('malformed');
    if (message.from !== this.#speaker || message.to !== this.#options.membership.idOf(this.#options.node)) {
      return this.#refuse('foreign');
    }
    this.#options.onMessage(message);
  }
}
