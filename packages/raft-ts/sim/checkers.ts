import { type Entry, type HardState, type Message, type NodeId, type Storage } from '../src/index.ts';

/** A rule that must hold at every moment was broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

function rule(holds: boolean, name: string, details: () => string): void {
  if (!holds) throw new Violation(`${name}: ${details()}`);
}

interface Committed {
  readonly term: number;
  readonly text: string;
  /** Term of the node that was first seen to apply it. */
  readonly knownIn: number;
  /** State after it. */
  readonly state: number;
}

/** What the simulation tells, checked against the properties of figure 3 of the paper and some more. */
export class Checkers {
  readonly #leaderOf = new Map<number, NodeId>();
  readonly #voteOf = new Map<string, NodeId>();
  readonly #committed: (Committed | undefined)[] = [];
  leaders = 0;

  /** The highest index that anybody has applied. */
  get highest(): number {
    return this.#committed.length - 1;
  }

  /** Election safety (§5.2): at most one leader per term. */
  leads(term: number, id: NodeId): void {
    const known = this.#leaderOf.get(term);
    if (known === undefined) {
      this.#leaderOf.set(term, id);
      this.leaders += 1;
    }
    rule(
      known === undefined || known === id,
      'election safety',
      () => `${known} and ${id} lead term ${term}`,
    );
  }

  /** Leader completeness (§5.4): what was committed in earlier terms is in the log of every later leader. */
  elected(term: number, id: NodeId, log: Storage): void {
    this.leads(term, id);
    for (let index = this.highest; index >= log.firstIndex(); index -= 1) {
      const entry = this.#committed[index];
      if (entry === undefined || entry.knownIn >= term) continue;
      rule(log.term(index) === entry.term, 'leader completeness', () => {
        return `leader ${id} of term ${term} has term ${log.term(index)} at ${index}, committed is ${entry.term}`;
      });
    }
  }

  /** State machine safety (§5.4.3): one command per index, applied in order; equal histories, equal states. */
  applied(id: NodeId, entry: Entry, knownIn: number, state: number): void {
    const text = Buffer.from(entry.data).toString();
    const known = this.#committed[entry.index];
    if (known === undefined) {
      this.#committed[entry.index] = { term: entry.term, text, knownIn, state };
      return;
    }
    rule(known.term === entry.term && known.text === text, 'state machine safety', () => {
      return `node ${id} applies ${entry.term}/${entry.index} ${text}, another applied ${known.term} ${known.text}`;
    });
    rule(
      known.state === state,
      'state machine safety',
      () => `node ${id} is in another state at ${entry.index}`,
    );
  }

  restored(id: NodeId, index: number, state: number): void {
    const known = this.#committed[index];
    rule(known !== undefined && known.state === state, 'snapshot safety', () => {
      return `node ${id} restores a state at ${index} that nobody was in`;
    });
  }

  /** Terms and commits only grow; the vote changes only with the term. */
  hardState(id: NodeId, before: HardState, after: HardState): void {
    const text = (): string => `node ${id} goes from ${JSON.stringify(before)} to ${JSON.stringify(after)}`;
    rule(after.term >= before.term && after.commit >= before.commit, 'monotone state', text);
    rule(after.term > before.term || before.vote === 0 || after.vote === before.vote, 'stable vote', text);
  }

  /** A leader only appends (§5.3). */
  leaderAppends(id: NodeId, lastIndex: number, entries: readonly Entry[]): void {
    const first = entries[0]?.index ?? lastIndex + 1;
    rule(first > lastIndex, 'leader append-only', () => `leader ${id} rewrites ${first} of ${lastIndex}`);
  }

  /** What leaves a node is backed by what would survive the loss of its power. */
  sent(message: Message, durable: Storage): void {
    const { from, to, term } = message;
    const hard = durable.hardState();
    const pre = message.type === 'preVote' || message.type === 'preVoteReply';
    rule(
      pre || hard.term >= term,
      'durable term',
      () => `node ${from} speaks in ${term}, durable is ${hard.term}`,
    );
    if (message.type === 'append' || message.type === 'heartbeat' || message.type === 'snapshot') {
      this.leads(term, from);
    } else if (message.type === 'vote' || (message.type === 'voteReply' && message.granted)) {
      const candidate = message.type === 'vote' ? from : to;
      const known = this.#voteOf.get(`${term}/${from}`) ?? candidate;
      this.#voteOf.set(`${term}/${from}`, candidate);
      const text = (): string => `node ${from} votes for ${known} and ${candidate} in term ${term}`;
      rule(known === candidate, 'one vote per term', text);
      rule(hard.term > term || hard.vote === candidate, 'durable vote', text);
    } else if (message.type === 'appendAccepted' && message.index > 0) {
      rule(durable.lastIndex() >= message.index || hard.term > term, 'durable acknowledgement', () => {
        return `node ${from} acknowledges ${message.index}, durable is ${durable.lastIndex()}`;
      });
    }
  }

  /** A read sees everything that was applied anywhere before it was asked (thesis §6.4). */
  read(id: NodeId, index: number, highestAtRequest: number): void {
    rule(index >= highestAtRequest, 'linearizable reads', () => {
      return `node ${id} reads at ${index} what was asked for when ${highestAtRequest} was applied`;
    });
  }

  /** While one leader's lease lasts nobody else is elected (thesis §6.4.1). */
  leases(elected: NodeId, term: number, holders: readonly NodeId[]): void {
    rule(
      holders.length === 0,
      'lease',
      () => `${elected} is elected in term ${term}, ${holders.join()} holds a lease`,
    );
  }

  /** Never do two leases last at once, whenever their acknowledgements come in. */
  oneLease(holders: readonly NodeId[]): void {
    rule(holders.length < 2, 'one lease', () => `${holders.join()} hold leases`);
  }

  /** Log matching (§5.3): logs that agree at one index agree before it. */
  logsMatch(left: Storage, right: Storage): void {
    const first = Math.max(left.firstIndex(), right.firstIndex());
    let agree = false;
    for (let index = Math.min(left.lastIndex(), right.lastIndex()); index >= first; index -= 1) {
      const same = left.term(index) === right.term(index);
      rule(same || !agree, 'log matching', () => `two logs agree behind ${index} and differ there`);
      agree = same;
    }
  }

  /** After everything is healed the cluster works again. */
  recovered(name: string, holds: boolean, details: () => string): void {
    rule(holds, `liveness, ${name}`, details);
  }
}
