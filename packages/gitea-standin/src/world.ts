import { type Clock } from '@whoosh/stdx';
import { type DeliveryQueue } from './delivery/queue.ts';
import { type State, type User } from './domain/model.ts';
import { type Site, type Turn } from './domain/turn.ts';
import { type StateFile } from './state-file.ts';

/**
 * The server's memory with what makes it move: the HTTP routes and the in-process `admin` both change it through
 * `run`, so a change causes the same deliveries whichever way it came.
 */
export class World {
  readonly state: State;
  readonly site: Site;
  readonly #clock: Clock;
  readonly #queue: DeliveryQueue;
  readonly #file: StateFile | null;

  constructor(parts: {
    state: State;
    site: Site;
    clock: Clock;
    queue: DeliveryQueue;
    file: StateFile | null;
  }) {
    this.state = parts.state;
    this.site = parts.site;
    this.#clock = parts.clock;
    this.#queue = parts.queue;
    this.#file = parts.file;
  }

  /** Runs one request. Its notices go out even when it ends in an error: what was changed by then stays changed. */
  run<T>(actor: User | null, act: (turn: Turn) => T): T {
    const nowS = Math.floor(this.#clock.now() / 1000);
    const turn: Turn = { state: this.state, site: this.site, actor, nowS, notices: [] };
    try {
      return act(turn);
    } finally {
      this.#queue.add(this.state.hooks, turn.notices);
      this.#file?.changed();
    }
  }
}
