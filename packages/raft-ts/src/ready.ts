import { type Core, type Role } from './core.ts';
import { type Entry, type HardState, type Message, type NodeId, type Snapshot } from './message.ts';
import { type ReadState } from './read-queue.ts';

export interface SoftState {
  readonly leader: NodeId;
  readonly role: Role;
}

/**
 * What the caller must do now, in this order: write `snapshot`, `entries` and `hardState` (and flush them to the
 * disk when `mustSync`), then send `messages`, then apply `committedEntries`, then call `advance`.
 */
export interface Ready {
  /** Present when leader or role changed; not to be stored. */
  readonly softState?: SoftState;
  readonly hardState?: HardState;
  /** Replaces everything in the log from the first one's index on. */
  readonly entries: readonly Entry[];
  /** Replaces log and state machine. */
  readonly snapshot?: Snapshot;
  readonly committedEntries: readonly Entry[];
  readonly messages: readonly Message[];
  /** Reads that may be answered once everything up to their index is applied. */
  readonly readStates: readonly ReadState[];
  /** `messages` depend on what is written here: it must survive a power cut before they leave. */
  readonly mustSync: boolean;
}

/** What was handed out last, so that only changes are handed out next. */
export class ReadyTracker {
  #soft: SoftState;
  #hard: HardState;
  #open: { readonly ready: Ready; readonly toSelf: readonly Message[] } | undefined;

  constructor(core: Core) {
    this.#soft = { leader: core.leader, role: core.role };
    this.#hard = hardStateOf(core);
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  isDue(core: Core): boolean {
    return (
      core.messages.length > 0 ||
      core.promises.length > 0 ||
      core.readStates.length > 0 ||
      core.log.hasUnstable ||
      core.log.hasCommitted ||
      this.#softChanged(core) ||
      this.#hardChanged(hardStateOf(core))
    );
  }

  #softChanged(core: Core): boolean {
    return this.#soft.leader !== core.leader || this.#soft.role !== core.role;
  }

  #hardChanged(hard: HardState): boolean {
    return this.#mustSyncHard(hard) || hard.commit !== this.#hard.commit;
  }

  #mustSyncHard(hard: HardState): boolean {
    return hard.term !== this.#hard.term || hard.vote !== this.#hard.vote;
  }

  open(core: Core): Ready {
    const hardState = hardStateOf(core);
    const entries = core.log.unstableEntries();
    const snapshot = core.log.unstableSnapshot;
    const softState = { leader: core.leader, role: core.role };
    // Assigned, not spread: this runs for every message, and spreading costs several times as much.
    const ready: { -readonly [Part in keyof Ready]: Ready[Part] } = {
      entries,
      committedEntries: core.log.nextCommitted(core.config.maxBytesPerMessage),
      messages:
        core.promises.length === 0
          ? core.messages
          : [...core.messages, ...core.promises.filter((message) => message.to !== core.id)],
      readStates: core.readStates,
      mustSync: entries.length > 0 || snapshot !== undefined || this.#mustSyncHard(hardState),
    };
    if (this.#softChanged(core)) ready.softState = softState;
    if (this.#hardChanged(hardState)) ready.hardState = hardState;
    if (snapshot !== undefined) ready.snapshot = snapshot;
    this.#open = { ready, toSelf: core.promises.filter((message) => message.to === core.id) };
    this.#soft = softState;
    this.#hard = hardState;
    core.messages = [];
    core.promises = [];
    core.readStates = [];
    return ready;
  }

  /** Ends the open Ready; undefined when `ready` is not it. */
  close(ready: Ready): readonly Message[] | undefined {
    if (this.#open?.ready !== ready) return undefined;
    const { toSelf } = this.#open;
    this.#open = undefined;
    return toSelf;
  }
}

export function hardStateOf(core: Core): HardState {
  return { term: core.term, vote: core.vote, commit: core.log.committed };
}
