import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { headers, type MsgHdrs } from '@nats-io/nats-core';

/** Somebody with a key: a line of the key file, and signatures. */
export class TestSigner {
  readonly name: string;
  readonly owner: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;

  constructor(name: string, owner: string, pair = generateKeyPairSync('ed25519')) {
    this.name = name;
    this.owner = owner;
    ({ publicKey: this.publicKey, privateKey: this.privateKey } = pair);
  }

  /** The 32 bytes of the public key. */
  get raw(): Buffer {
    return Buffer.from(this.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  }

  get line(): string {
    return `${this.name} ${this.owner} ${this.raw.toString('base64')}`;
  }

  signature(payload: string | Uint8Array): string {
    return sign(null, Buffer.from(payload), this.privateKey).toString('base64');
  }

  headers(payload: string | Uint8Array): MsgHdrs {
    const head = headers();
    head.set('Backbeat-Key', this.name);
    head.set('Backbeat-Signature', this.signature(payload));
    return head;
  }

  /** A signer of no list, whose headers bring its own key along with this one's word that it is `agent`'s. */
  vouchFor(agent: string, cluster: string): TestSigner {
    const own = new TestSigner('', agent);
    const text = `backbeat.voucher.v1\n${cluster}\n${agent}\n${own.raw.toString('base64')}`;
    const voucher = Buffer.from(this.signature(text), 'base64');
    return new TestSigner(Buffer.concat([own.raw, voucher]).toString('base64'), agent, own);
  }
}
