import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** One cable from a node to another: what is on its way while it is cut arrives when it is whole again. */
class Cable {
  readonly #server: Server = createServer((near) => this.#join(near));
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  target = 0;

  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  #join(near: Socket): void {
    const far = connect({ port: this.target, host: '127.0.0.1' });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('data', (bytes: Buffer) => other.write(bytes));
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      if (this.#isCut) socket.pause();
    }
  }

  cut(isCut: boolean): void {
    this.#isCut = isCut;
    for (const socket of this.#sockets) {
      if (isCut) socket.pause();
      else socket.resume();
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** A cable of its own for each direction between each two of the nodes. */
export class Cables implements Disposable {
  readonly #cables: readonly (readonly Cable[])[];
  readonly #ports: readonly (readonly number[])[];

  private constructor(cables: readonly (readonly Cable[])[], ports: readonly (readonly number[])[]) {
    this.#cables = cables;
    this.#ports = ports;
  }

  static async between(size: number): Promise<Cables> {
    const cables = Array.from({ length: size }, () => Array.from({ length: size }, () => new Cable()));
    const ports = await Promise.all(cables.map((row) => Promise.all(row.map((cable) => cable.open()))));
    return new Cables(cables, ports);
  }

  /** At which port the node at `from` reaches the one at `to`, which listens on `port`. */
  reach(from: number, to: number, port: number): number {
    const cable = this.#cables[from]?.[to];
    if (cable !== undefined) cable.target = port;
    return this.#ports[from]?.[to] ?? port;
  }

  /** Cuts the node off from all others, or joins it to them again. No connection closes by it. */
  cut(node: number, isCut: boolean): void {
    for (const [from, row] of this.#cables.entries()) {
      for (const [to, cable] of row.entries()) if (from === node || to === node) cable.cut(isCut);
    }
  }

  [Symbol.dispose](): void {
    for (const cable of this.#cables.flat()) cable.close();
  }
}
