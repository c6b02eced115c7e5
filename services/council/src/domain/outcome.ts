import { type ErrorCode } from '@whoosh/contracts';
import { type Instant } from '@whoosh/stdx';
import { type Council, type CouncilStatus, isEnded, type Seat } from './council.ts';

/** The last token of the event that tells of a change. */
export type Happened =
  | 'forming'
  | 'seat_changed'
  | 'role_offered'
  | 'role_claimed'
  | 'active'
  | 'artifact_added'
  | 'phase_changed'
  | 'vote_cast'
  | 'round_closed'
  | 'completed'
  | 'failed'
  | 'cancelled';

/** One change with the whole council after it: one event, one revision. */
export interface Change {
  readonly happened: Happened;
  readonly from: CouncilStatus | null;
  readonly reason: string;
  readonly council: Council;
}

export interface Refusal {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Done, with as many changes as it took (none when it had been done before), or refused. */
export type Outcome = { readonly kind: 'done'; readonly changes: readonly Change[] } | Refusal;

export const nothing: Outcome = { kind: 'done', changes: [] };

export function done(...changes: readonly Change[]): Outcome {
  return { kind: 'done', changes };
}

export function refused(
  code: ErrorCode,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): Refusal {
  return { kind: 'refused', code, message, details };
}

type Patch = Partial<Omit<Council, 'id' | 'revision' | 'updatedAt'>>;

/** The council with something different, one revision later. */
export function changed(
  council: Council,
  happened: Happened,
  patch: Patch,
  { at, reason }: { at: Instant; reason: string },
): Change {
  return {
    happened,
    from: council.status,
    reason,
    council: { ...council, ...patch, revision: council.revision + 1, updatedAt: at },
  };
}

/** The end of a council: nobody sits in it any more, and what it decided stays. */
export function ended(
  council: Council,
  status: Extract<CouncilStatus, 'completed' | 'failed' | 'cancelled'>,
  { at, reason }: { at: Instant; reason: string },
): Change {
  const seats = council.seats.map((seat): Seat =>
    seat.status === 'open' || seat.status === 'claimed'
      ? { ...seat, status: 'released', reservedUntil: null }
      : seat,
  );
  return changed(council, status, { status, reason, seats }, { at, reason });
}

export function refusedAsEnded(council: Council): Refusal | undefined {
  if (!isEnded(council.status)) return undefined;
  return refused('failed_precondition', `the council has ${council.status}`, { status: council.status });
}
