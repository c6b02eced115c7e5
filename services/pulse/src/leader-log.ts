import { type Log } from '@whoosh/telemetry';
import { type Notice, type Picture } from './metronome/messages.ts';

/** Says once whom the node follows from now on, or that it leads: what an operator looks for after a beat went missing. */
export class LeaderLog {
  readonly #node: string;
  readonly #log: Pick<Log, 'info' | 'warn'>;
  #known = '';

  constructor(node: string, log: Pick<Log, 'info' | 'warn'>) {
    this.#node = node;
    this.#log = log;
  }

  hear(notice: Notice): void {
    if (notice.type === 'role' || notice.type === 'started') this.#see(notice.picture);
  }

  #see({ leader, term, beat }: Picture): void {
    const known = leader === null ? '' : `${term} ${leader}`;
    if (known === this.#known) return;
    this.#known = known;
    const fields = { node: this.#node, term, beat: beat?.index ?? null };
    if (leader === null) this.#log.warn(fields, 'no leader');
    else if (leader === this.#node) this.#log.info(fields, 'this node leads');
    else this.#log.info({ ...fields, leader }, 'this node follows');
  }
}
