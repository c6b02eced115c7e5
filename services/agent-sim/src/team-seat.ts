import { type Beat } from '@whoosh/backbeat-sdk';
import { type Brief } from './domain/brief.ts';
import { type Claim } from './domain/sim-agent.ts';
import { teamClaim } from './domain/team-part.ts';

/** Works on one task as a member of a team. */
export class TeamSeat {
  readonly #taskId: string;
  readonly #role: string;
  readonly #brief: Brief;
  #firstBeat: number | undefined;
  #last: Claim | undefined;

  constructor(options: { taskId: string; role: string; brief: Brief }) {
    this.#taskId = options.taskId;
    this.#role = options.role;
    this.#brief = options.brief;
  }

  onBeat(beat: Beat): Claim {
    this.#firstBeat ??= beat.index;
    this.#last = teamClaim(this.#taskId, this.#role, this.#brief, beat.index - this.#firstBeat);
    return this.#last;
  }

  /** A task that is left unfinished has failed. */
  farewell(): Claim {
    const state = this.#last?.state;
    if (state === undefined || state === 'idle' || state === 'completed') return { state: 'idle' };
    return { state: 'failed', task_id: this.#taskId, notes: 'told to stop' };
  }

  async settled(): Promise<void> {}
}
