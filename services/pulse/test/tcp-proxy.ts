import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A cable that can be pulled: passes on everything between a client and a server until it is severed or cut. */
export class TcpProxy implements AsyncDisposable {
  readonly #server = createServer((client) => this.#join(client));
  readonly #sockets = new Set<Socket>();
  readonly #target: number;
  #isSevered = false;

  private constructor(target: number) {
    this.#target = target;
  }

  static async to(port: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(port);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #join(client: Socket): void {
    if (this.#isSevered) {
      this.#sockets.add(client.on('error', () => client.destroy()));
      return;
    }
    const server = connect({ port: this.#target, host: '127.0.0.1' });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.pipe(other);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }

  /** Neither end is told, and what they say is lost: as when a network is gone. */
  sever(): void {
    this.#isSevered = true;
    for (const socket of this.#sockets) socket.unpipe().resume();
  }

  /** Breaks what is open and takes nothing new. */
  cut(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.cut();
    await closed;
  }
}
