/** What may be unread while a reader keeps up: at 200,000 claims a second these are 10 ms. */
export const UNREAD_MESSAGES_MAX = 2_000;

/**
 * How far a stream is read, by what its messages and heartbeats say. A message says how many lie behind it; of what is
 * stored while none is on its way, nothing is known until the next one or a heartbeat. What was announced may be purged
 * before it is sent: then the next message or heartbeat says so.
 */
export class Reading {
  #taken = 0;
  /** Of the consumer, which counts anew whenever it is made again. */
  #consumerSequence = 0;
  #lag = Number.POSITIVE_INFINITY;
  #backlog = Number.POSITIVE_INFINITY;
  #isCurrent = false;
  #isMissing = false;

  /** The stream says that so many lie in it unread. */
  begin(pending: number): void {
    this.#lag = pending;
    this.#backlog = pending;
    this.#isCurrent = true;
  }

  /** A message came, and so many lie behind it. */
  take(consumerSequence: number, pending: number): void {
    this.#taken += 1;
    this.#consumerSequence = consumerSequence;
    this.#know(pending);
  }

  /**
   * There was nothing to send for a while; the last message that was sent had this sequence of the consumer. Answers
   * `lost` when it is told twice of messages that never came: nothing would bring them until the next one shows the gap,
   * and on a quiet stream there may be none.
   */
  idle(consumerSequence: number): 'lost' | 'quiet' {
    if (consumerSequence <= this.#consumerSequence) {
      this.#know(0);
      return 'quiet';
    }
    const isLost = this.#isMissing;
    this.#isMissing = true;
    return isLost ? 'lost' : 'quiet';
  }

  /** The connection was interrupted: what was stored meanwhile is not known. */
  interrupt(): void {
    this.#isCurrent = false;
  }

  /** Messages that were taken. */
  get taken(): number {
    return this.#taken;
  }

  get lag(): number {
    return this.#lag;
  }

  /** Messages that were taken or are known to lie in the stream; undefined while nothing is known. */
  get known(): number | undefined {
    return this.#isCurrent ? this.#taken + this.#lag : undefined;
  }

  /**
   * What there was at the beginning has been read, and little is unread now. Not nothing: while claims come without a
   * break there is hardly an instant at which none is on its way.
   */
  get isCaughtUp(): boolean {
    return this.#taken >= this.#backlog && this.#lag <= UNREAD_MESSAGES_MAX;
  }

  #know(pending: number): void {
    this.#lag = pending;
    this.#isCurrent = true;
    this.#isMissing = false;
    if (pending === 0) this.#backlog = 0;
  }
}
