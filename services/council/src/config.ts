import { trustProblems } from '@whoosh/backbeat-sdk/keys';
import {
  backbeatEnv,
  clusterProblems,
  databaseEnv,
  databaseProblems,
  duration,
  type EnvOf,
  envSchema,
  integer,
  list,
  natsEnv,
  number,
  trustEnv,
} from '@whoosh/config';
import { SEAT_DEADLINE_BEATS } from './domain/council.ts';

/** Every variable the council service reads, beside those of the lifecycle. */
export const CouncilEnv = envSchema({
  ...natsEnv,
  ...databaseEnv,
  ...backbeatEnv,
  ...trustEnv,
  /** Role files, merged by id in this order; without any, those of `deploy/roles`. */
  WHOOSH_ROLES_FILES: list(),
  /** A core seat that is empty after this time, and after {@link SEAT_DEADLINE_BEATS}, fails the council. */
  WHOOSH_COUNCIL_SEAT_DEADLINE: duration('120s'),
  /** How long a seat waits for its deployment to be named; afterwards the deployment says until when. */
  WHOOSH_COUNCIL_SEAT_RESERVATION: duration('60s'),
  WHOOSH_COUNCIL_DEADLINE_CHECK_INTERVAL: duration('1s'),
  /** The grid that paces rounds while no pulse is heard. */
  WHOOSH_COUNCIL_LOCAL_TEMPO_BPM: number(60, { min: 0.1, max: 1_000 }),
  WHOOSH_COUNCIL_LOCAL_BAR_LENGTH: integer(4, { min: 1, max: 10_000 }),
});
export type CouncilEnv = Readonly<EnvOf<typeof CouncilEnv>>;

export function councilProblems(env: Partial<CouncilEnv>): string[] {
  return [...databaseProblems(env), ...clusterProblems(env), ...trustProblems(env)];
}

export interface CouncilSettings {
  readonly seatDeadlineMs: number;
  readonly seatDeadlineBeats: number;
  readonly seatReservationMs: number;
  readonly deadlineCheckMs: number;
}

export function councilSettings(env: CouncilEnv): CouncilSettings {
  return {
    seatDeadlineMs: env.WHOOSH_COUNCIL_SEAT_DEADLINE,
    seatDeadlineBeats: SEAT_DEADLINE_BEATS,
    seatReservationMs: env.WHOOSH_COUNCIL_SEAT_RESERVATION,
    deadlineCheckMs: env.WHOOSH_COUNCIL_DEADLINE_CHECK_INTERVAL,
  };
}
