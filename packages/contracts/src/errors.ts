/**
 * Every way a call may fail, as the wire spells it, with the HTTP status the gateway answers and the
 * number that NATS tools expect in `Nats-Service-Error-Code` (NATS ADR-32 asks for a number there).
 * The code is part of the interface; the sentence beside it is not.
 */
export const ERRORS = {
  invalid_argument: { http: 400, nats: 400 },
  unauthenticated: { http: 401, nats: 401 },
  permission_denied: { http: 403, nats: 403 },
  not_found: { http: 404, nats: 404 },
  conflict: { http: 409, nats: 409 },
  taken: { http: 409, nats: 4091 },
  failed_precondition: { http: 412, nats: 412 },
  too_large: { http: 413, nats: 413 },
  not_qualified: { http: 422, nats: 422 },
  resource_exhausted: { http: 429, nats: 429 },
  rate_limited: { http: 429, nats: 4291 },
  internal: { http: 500, nats: 500 },
  unavailable: { http: 503, nats: 503 },
  disabled: { http: 503, nats: 5031 },
  deadline_exceeded: { http: 504, nats: 504 },
} as const satisfies Record<string, { http: number; nats: number }>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

export interface CallErrorOptions extends ErrorOptions {
  /** Facts the caller may act on, such as who holds a taken seat. Never a secret, never a query. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A failure a caller can act on. Anything else that is thrown reaches the wire as `internal`. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options?: CallErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = options?.details;
  }
}
