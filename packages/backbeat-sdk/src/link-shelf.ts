import { isDeepStrictEqual } from 'node:util';
import { type BeatLink } from './beat-link.ts';

export interface Opened {
  readonly link: BeatLink;
  readonly close: () => Promise<void>;
}

/** A link on its way, and what meanwhile and later is known of its broker: true, or what is missing. */
export interface Opening {
  readonly opened: Promise<Opened>;
  readonly broker: () => true | string;
}

/** What two users of one link must have in common: whom they believe, as whom they connect, how they reckon time. */
export interface LinkTerms {
  readonly clusterId: string;
  /** Addresses that the link connects to itself, with what the client needs beside them. */
  readonly servers: unknown;
  readonly signatures: unknown;
  readonly barLength: number | undefined;
  readonly node: number | undefined;
  /** By identity: clocks keep their state to themselves. */
  readonly clock: object | undefined;
}

interface Shared extends Opening {
  readonly terms: LinkTerms;
  users: number;
}

/** The open links of a process or of one connection: one for all who ask for the same terms, however many they are. */
export class LinkShelf {
  readonly #links: Shared[] = [];

  /** @param onBroker is given at once what answers for the broker, before there is a link */
  async acquire(
    terms: LinkTerms,
    open: () => Opening,
    onBroker?: (broker: Opening['broker']) => void,
  ): Promise<{ link: BeatLink; release: () => Promise<void> }> {
    const shared = this.#links.find((one) => isSame(one.terms, terms)) ?? this.#add(terms, open);
    onBroker?.(shared.broker);
    shared.users += 1;
    const release = async (): Promise<void> => {
      shared.users -= 1;
      if (shared.users > 0) return;
      this.#remove(shared);
      await (await shared.opened).close();
    };
    try {
      return { link: (await shared.opened).link, release: once(release) };
    } catch (cause) {
      this.#remove(shared);
      throw cause;
    }
  }

  #add(terms: LinkTerms, open: () => Opening): Shared {
    const shared: Shared = { terms, ...open(), users: 0 };
    this.#links.push(shared);
    return shared;
  }

  #remove(shared: Shared): void {
    const at = this.#links.indexOf(shared);
    if (at >= 0) this.#links.splice(at, 1);
  }
}

/** Two lists of keys that were read twice from one file are the same terms; one other key in them makes them others. */
function isSame(left: LinkTerms, right: LinkTerms): boolean {
  const { clock: leftClock, ...leftRest } = left;
  const { clock: rightClock, ...rightRest } = right;
  return leftClock === rightClock && isDeepStrictEqual(leftRest, rightRest);
}

function once(release: () => Promise<void>): () => Promise<void> {
  let released: Promise<void> | undefined;
  return () => (released ??= release());
}
