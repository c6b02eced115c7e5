/** How a council forms: seats are reserved, offered, taken, and found empty when their time is over. */
import {
  claimedCoreSeats,
  type Council,
  isEnded,
  ROUNDS_MAX,
  type Seat,
  SEAT_DEADLINE_BEATS,
  seatHeldBy,
  seatOf,
} from './council.ts';
import { type InputOf } from './input.ts';
import {
  type Change,
  changed,
  done,
  ended,
  nothing,
  type Outcome,
  refused,
  refusedAsEnded,
} from './outcome.ts';

export function form(input: InputOf<'form'>): Outcome {
  const { kind: _, by: __, at, seats, reservedUntil, ...given } = input;
  const council: Council = {
    ...given,
    status: 'forming',
    reason: null,
    seats: seats.map((seat, position) => ({
      ...seat,
      position,
      status: 'open',
      agentId: null,
      deploymentId: null,
      reservedUntil,
      claimedAt: null,
      awaySince: null,
    })),
    artifacts: [],
    votes: [],
    round: null,
    rounds: [],
    revision: 1,
    createdAt: at,
    updatedAt: at,
  };
  const reason = `a Design Brief asks for ${seats.map(({ role }) => role).join(', ')}`;
  return done({ happened: 'forming', from: null, reason, council });
}

/** A free seat stays free: whoever heard that it is offered to all may rely on it. */
export function reserve(council: Council, input: InputOf<'reserve'>): Outcome {
  const seat = seatOf(council, input.role);
  if (isEnded(council.status) || seat?.status !== 'open' || seat.reservedUntil === null) return nothing;
  if (seat.deploymentId === input.deploymentId && seat.reservedUntil >= input.until) return nothing;
  const reason = `${input.role} is reserved for the agent deployed for it`;
  const seats = withSeat(council, input.role, {
    deploymentId: input.deploymentId,
    reservedUntil: Math.max(input.until, seat.reservedUntil),
  });
  return done(changed(council, 'seat_changed', { seats }, { at: input.at, reason }));
}

/** A RoleClaim: the empty seat has one winner, the same agent may ask again, the loser is told who has it. */
export function claim(council: Council, input: InputOf<'claim'>): Outcome {
  const seat = seatOf(council, input.role);
  if (seat === undefined) return refused('not_found', `the council has no seat '${input.role}'`);
  if (seat.status === 'claimed' && seat.agentId === input.agentId) return nothing;
  const refusal = refusedAsEnded(council) ?? refusedBySeat(seat) ?? refusedByAgent(council, seat, input);
  if (refusal) return refusal;
  const { at, agentId, role } = input;
  const seats = withSeat(council, role, {
    status: 'claimed',
    agentId,
    claimedAt: at,
    reservedUntil: null,
    awaySince: null,
  });
  const taken = changed(council, 'role_claimed', { seats }, { at, reason: `${agentId} took ${role}` });
  const begun = begin(taken.council, input);
  return done(taken, ...(begun ? [begun] : []));
}

function refusedBySeat(seat: Seat): Outcome | undefined {
  if (seat.status === 'claimed') {
    return refused('taken', `${seat.role} is taken`, { role: seat.role, agent_id: seat.agentId });
  }
  if (seat.status === 'absent') {
    return refused('failed_precondition', `the time to take ${seat.role} is over`, { role: seat.role });
  }
  return undefined;
}

function refusedByAgent(council: Council, seat: Seat, input: InputOf<'claim'>): Outcome | undefined {
  const held = seatHeldBy(council, input.agentId);
  if (held) {
    return refused('not_qualified', `${input.agentId} holds ${held.role} already`, { holds: held.role });
  }
  if (seat.reservedUntil !== null && seat.reservedUntil > input.at) {
    if (seat.deploymentId === null) {
      return refused('unavailable', `the agent for ${seat.role} is not named yet: ask again`);
    }
    if (seat.deploymentId !== input.deploymentId) {
      return refused('not_qualified', `${seat.role} is reserved for the agent deployed for it`, {
        reserved_until: seat.reservedUntil,
      });
    }
  }
  const missing = missingCapabilities(input);
  if (missing.length === 0) return undefined;
  return refused('not_qualified', `${input.agentId} lacks what ${seat.role} needs`, { missing });
}

function missingCapabilities({ role, capabilities, required }: InputOf<'claim'>): string[] {
  const offered = new Set(capabilities.map((capability) => capability.trim().toLowerCase()));
  if (offered.has(role)) return [];
  const missing = required.filter((capability) => !offered.has(capability.toLowerCase()));
  return required.length === 0 ? [role] : missing;
}

/** Quorum: all core seats are taken, and work begins at the beat at which the last one was. */
function begin(council: Council, { at, beat }: InputOf<'claim'>): Change | undefined {
  const core = council.seats.filter(({ required }) => required);
  if (council.status !== 'forming' || claimedCoreSeats(council).length < core.length) return undefined;
  const round = { number: 1, phase: 'propose', openedAtBeat: beat, phaseOpenedAtBeat: beat } as const;
  const rounds = [{ number: 1, openedAtBeat: beat, closedAtBeat: null, outcome: null }];
  const reason = `all core seats are taken; round 1 of at most ${ROUNDS_MAX} begins`;
  return changed(council, 'active', { status: 'active', round, rounds }, { at, reason });
}

/**
 * The holder of a seat is gone. The agent deployed for the seat keeps it and is away, because it is brought back under
 * the same name; a seat that some other agent took is offered again.
 */
export function loseAgent(council: Council, input: InputOf<'agent_lost'>): Outcome {
  const seat = seatHeldBy(council, input.agentId);
  if (isEnded(council.status) || seat === undefined) return nothing;
  if (seat.deploymentId !== null && seat.deploymentId === input.deploymentId) {
    if (seat.awaySince !== null) return nothing;
    const away = withSeat(council, seat.role, { awaySince: input.at });
    const why = `${input.agentId} of ${seat.role} is away and is brought back`;
    return done(changed(council, 'seat_changed', { seats: away }, { at: input.at, reason: why }));
  }
  const seats = withSeat(council, seat.role, { status: 'open', agentId: null, claimedAt: null });
  const reason = `${seat.role} is offered again: ${input.agentId} is offline`;
  return done(changed(council, 'role_offered', { seats }, { at: input.at, reason }));
}

/** The agent of a seat that was away works again. */
export function greetAgent(council: Council, input: InputOf<'agent_back'>): Outcome {
  const seat = seatHeldBy(council, input.agentId);
  if (isEnded(council.status) || seat === undefined || seat.awaySince === null) return nothing;
  const seats = withSeat(council, seat.role, { awaySince: null });
  const reason = `${input.agentId} of ${seat.role} is back`;
  return done(changed(council, 'seat_changed', { seats }, { at: input.at, reason }));
}

/** Ends reservations that ran out, then the whole time for taking seats. */
export function passTime(council: Council, input: InputOf<'clock'>): Outcome {
  if (isEnded(council.status)) return nothing;
  const changes: Change[] = [];
  const offered = offerExpired(council, input);
  if (offered) changes.push(offered);
  const closed = closeSeats(offered?.council ?? council, input);
  if (closed) changes.push(closed);
  return done(...changes);
}

function offerExpired(council: Council, { at }: InputOf<'clock'>): Change | undefined {
  const free = council.seats.filter(
    ({ status, reservedUntil }) => status === 'open' && reservedUntil !== null && reservedUntil <= at,
  );
  if (free.length === 0) return undefined;
  const seats = council.seats.map((seat) => (free.includes(seat) ? { ...seat, reservedUntil: null } : seat));
  const reason = `any qualified agent may take ${free.map(({ role }) => role).join(', ')}`;
  return changed(council, 'role_offered', { seats }, { at, reason });
}

function closeSeats(council: Council, input: InputOf<'clock'>): Change | undefined {
  if (!isDeadlineOver(council, input)) return undefined;
  const { at } = input;
  // A core seat that fell empty while the council worked has no deadline: the rounds are its limit.
  const isLate = (seat: Seat): boolean =>
    seat.status === 'open' && (council.status === 'forming' || !seat.required);
  const empty = council.seats.filter(isLate);
  if (empty.length === 0) return undefined;
  const seats = council.seats.map((seat): Seat =>
    isLate(seat) ? { ...seat, status: 'absent', reservedUntil: null } : seat,
  );
  const missing = empty.filter(({ required }) => required).map(({ role }) => role);
  if (missing.length > 0) {
    const reason = `nobody took ${missing.join(', ')} before the deadline`;
    return ended({ ...council, seats }, 'failed', { at, reason });
  }
  const reason = `nobody took ${empty.map(({ role }) => role).join(', ')}; the council goes on without`;
  return changed(council, 'seat_changed', { seats }, { at, reason });
}

/** By time and, while a pulse is heard that still counts as it did then, by beats: the later of the two. */
export function isDeadlineOver(
  { seatDeadlineAt, seatDeadlineBeat }: Council,
  { at, beat }: { at: number; beat: number | null },
): boolean {
  if (at < seatDeadlineAt) return false;
  if (seatDeadlineBeat === null || beat === null || beat >= seatDeadlineBeat) return true;
  return beat < seatDeadlineBeat - SEAT_DEADLINE_BEATS;
}

function withSeat(council: Council, role: string, patch: Partial<Seat>): Seat[] {
  return council.seats.map((seat) => (seat.role === role ? { ...seat, ...patch } : seat));
}
