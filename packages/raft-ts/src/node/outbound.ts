import { randomBytes } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { type Message } from '../message.ts';
import { encodeMessage } from './codec.ts';
import { type TlsFiles } from './driver-options.ts';
import { frame, FrameReader } from './frame.ts';
import {
  code,
  CODE_BYTES,
  encodeIntroduction,
  FrameCodes,
  type Introduction,
  NONCE_BYTES,
} from './handshake.ts';
import { type Peer } from './membership.ts';
import { answeredSecret, proofsUnder, type Secrets } from './secrets.ts';

export interface OutboundOptions {
  readonly peer: Peer;
  readonly from: string;
  readonly digest: Buffer;
  readonly secrets: Secrets;
  readonly tls: TlsFiles | undefined;
  readonly onConnected: () => void;
  readonly onClosed: () => void;
  readonly onRefused: (reason: string) => void;
}

const REDIAL_MIN_MS = 5;
const REDIAL_MAX_MS = 200;
const DIAL_TIMEOUT_MS = 1_000;
/** A peer that does not read gets nothing more; Raft repeats what is lost. */
const BUFFERED_BYTES_MAX = 16 * 1024 * 1024;

/** The connection on which this node speaks to one peer; dialled again for as long as the node runs. */
export class Outbound {
  readonly #options: OutboundOptions;
  #socket: Socket;
  #codes: FrameCodes | undefined;
  #redialMs = REDIAL_MIN_MS;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: OutboundOptions) {
    this.#options = options;
    this.#socket = this.#dial();
  }

  /** Dialled, and the peer has proved who it is. */
  get isOpen(): boolean {
    return this.#codes !== undefined;
  }

  /** False when the message was not sent. */
  send(message: Message): boolean {
    if (this.#codes === undefined || this.#socket.writableLength > BUFFERED_BYTES_MAX) return false;
    const body = encodeMessage(message);
    this.#socket.write(frame(this.#codes.next(body), body));
    return true;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  /** The peer shows that it is there: no need to wait for the next dial. */
  peerSpeaks(): void {
    if (this.#timer !== undefined) this.#redial();
  }

  #redial(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#socket = this.#dial();
  }

  #dial(): Socket {
    const { peer, tls } = this.#options;
    const { host, port } = peer;
    const socket =
      tls === undefined
        ? connectTcp({ host, port, noDelay: true })
        : connectTls({ ...tls, host, port, checkServerIdentity: () => undefined });
    const reader = new FrameReader(Math.max(NONCE_BYTES, CODE_BYTES));
    let who: Introduction | undefined;
    // A listener that refuses an introduction closes, without a word.
    socket.on('end', () => {
      if (who !== undefined && this.#codes === undefined) this.#refuse(socket, 'turned_away');
    });
    socket.setTimeout(DIAL_TIMEOUT_MS, () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      for (const content of reader.push(bytes) ?? [Buffer.alloc(0)]) {
        if (who === undefined) who = this.#introduce(socket, content);
        else this.#answered(socket, who, content);
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#lost());
    return socket;
  }

  #introduce(socket: Socket, listenerNonce: Buffer): Introduction | undefined {
    const { digest, from, peer, secrets } = this.#options;
    if (listenerNonce.byteLength !== NONCE_BYTES) {
      this.#refuse(socket, 'malformed');
      return undefined;
    }
    const dialerNonce = randomBytes(NONCE_BYTES);
    const who = { digest, from, to: peer.name, listenerNonce: Buffer.from(listenerNonce), dialerNonce };
    socket.write(frame(encodeIntroduction(who, proofsUnder(secrets, who))));
    return who;
  }

  #answered(socket: Socket, who: Introduction, answer: Buffer): void {
    const { secrets, peer, onConnected } = this.#options;
    if (this.#codes !== undefined) return this.#refuse(socket, 'malformed');
    const named = !(socket instanceof TLSSocket) || socket.getPeerCertificate().subject?.CN === peer.name;
    const secret = answeredSecret(secrets, who, answer);
    if (!named || secret === undefined) return this.#refuse(socket, 'unauthenticated');
    socket.setTimeout(0);
    this.#codes = new FrameCodes(code(secret, 'frames', who));
    this.#redialMs = REDIAL_MIN_MS;
    onConnected();
  }

  #refuse(socket: Socket, reason: string): void {
    this.#options.onRefused(reason);
    socket.destroy();
  }

  #lost(): void {
    const spoke = this.#codes !== undefined;
    this.#codes = undefined;
    if (this.#closed) return;
    if (spoke) this.#options.onClosed();
    this.#timer = setTimeout(() => this.#redial(), this.#redialMs);
    this.#redialMs = Math.min(this.#redialMs * 2, REDIAL_MAX_MS);
  }
}
