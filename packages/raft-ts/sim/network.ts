import { type Message, type NodeId } from '../src/index.ts';
import { type EventQueue } from './event-queue.ts';
import { type Profile } from './profile.ts';
import { type Random } from './random.ts';

/** Loses, repeats, delays and reorders messages, and cuts links, each direction apart. */
export class SimNetwork {
  readonly #random: Random;
  readonly #queue: EventQueue;
  readonly #profile: Profile;
  readonly #deliver: (message: Message) => void;
  readonly #cut = new Set<string>();
  #healed = false;

  constructor(random: Random, queue: EventQueue, profile: Profile, deliver: (message: Message) => void) {
    this.#random = random;
    this.#queue = queue;
    this.#profile = profile;
    this.#deliver = deliver;
  }

  connected(from: NodeId, to: NodeId): boolean {
    return !this.#cut.has(`${from}>${to}`);
  }

  send(message: Message): void {
    const { loss, duplication, delayMs } = this.#profile;
    const healed = this.#healed;
    if (!this.connected(message.from, message.to) || (!healed && this.#random.chance(loss))) return;
    const copies = this.#random.chance(healed ? 0 : duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const delay = this.#random.between(delayMs[0], healed ? Math.min(delayMs[1], 5) : delayMs[1]);
      this.#queue.after(delay, () => {
        if (this.connected(message.from, message.to)) this.#deliver(message);
      });
    }
  }

  /** Cuts links for a while: a group from the rest, one node, one direction, or a single pair. */
  partition(ids: readonly NodeId[], leader: NodeId | undefined): void {
    const random = this.#random;
    const shape = random.pick(['split', 'isolateLeader', 'oneWay', 'pair', 'heal']);
    this.#cut.clear();
    const victim =
      shape === 'isolateLeader' && leader !== undefined ? leader : (ids[random.int(0, ids.length - 1)] ?? 0);
    const side = new Set(shape === 'split' ? ids.filter(() => random.chance(0.5)) : [victim]);
    const other = ids[random.int(0, ids.length - 1)];
    for (const from of ids) {
      for (const to of ids) {
        if (shape === 'heal' || side.has(from) === side.has(to)) continue;
        if (shape === 'oneWay' && side.has(from)) continue;
        if (shape === 'pair' && from !== other && to !== other) continue;
        this.#cut.add(`${from}>${to}`);
      }
    }
  }

  heal(): void {
    this.#cut.clear();
    this.#healed = true;
  }
}
