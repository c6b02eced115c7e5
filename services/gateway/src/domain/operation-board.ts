import { type backbeat } from '@whoosh/contracts';

export interface Operation {
  readonly id: string;
  readonly phase: string;
  readonly beat_index: number;
  readonly beats_left: number | null;
  readonly notes: string | null;
}

const OPERATIONS_MAX = 200;
/** An operation of which nothing was heard for this many beats has ended without saying so. */
const SILENT_BEATS_MAX = 64;

/** What WHOOSH is at, from its own StatusClaims. Finished operations stay until the downbeat, so that they are seen. */
export class OperationBoard {
  readonly #operations = new Map<string, { readonly operation: Operation; readonly isOver: boolean }>();

  claimed(claim: backbeat.StatusClaim): void {
    if (claim.task_id === undefined) return;
    const named = claim.metadata?.['phase'];
    const phase = typeof named === 'string' ? named.slice(0, 64) : claim.state;
    this.#operations.delete(claim.task_id);
    this.#operations.set(claim.task_id, {
      operation: {
        id: claim.task_id,
        phase,
        beat_index: claim.beat_index,
        beats_left: claim.beats_left ?? null,
        notes: claim.notes ?? null,
      },
      isOver: claim.state === 'completed' || claim.state === 'failed',
    });
    for (const id of this.#operations.keys()) {
      if (this.#operations.size <= OPERATIONS_MAX) break;
      this.#operations.delete(id);
    }
  }

  downbeat(beatIndex: number): void {
    for (const [id, { isOver, operation }] of this.#operations) {
      if (isOver || operation.beat_index < beatIndex - SILENT_BEATS_MAX) this.#operations.delete(id);
    }
  }

  active(): Operation[] {
    return [...this.#operations.values()].map(({ operation }) => operation);
  }
}
