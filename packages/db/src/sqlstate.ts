interface DatabaseFailure {
  readonly code: string;
  readonly constraint?: string;
}

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const SERIALIZATION_FAILURE = '40001';
const DEADLOCK_DETECTED = '40P01';

/** The row is there already; with a constraint's name, only when that one says so. */
export function isUniqueViolation(cause: unknown, constraint?: string): boolean {
  return isViolation(cause, UNIQUE_VIOLATION, constraint);
}

/** What the row refers to is not there (yet). */
export function isForeignKeyMissing(cause: unknown, constraint?: string): boolean {
  return isViolation(cause, FOREIGN_KEY_VIOLATION, constraint);
}

/** The same transaction may well succeed when it is run again. */
export function isWorthRetrying(cause: unknown): boolean {
  return isFailure(cause) && (cause.code === SERIALIZATION_FAILURE || cause.code === DEADLOCK_DETECTED);
}

function isViolation(cause: unknown, code: string, constraint: string | undefined): boolean {
  return (
    isFailure(cause) && cause.code === code && (constraint === undefined || cause.constraint === constraint)
  );
}

function isFailure(cause: unknown): cause is DatabaseFailure {
  return cause instanceof Error && typeof (cause as { code?: unknown }).code === 'string';
}
