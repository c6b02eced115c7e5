import { CallError, ERRORS, type ErrorCode } from '@whoosh/contracts';

/** Failures that exist at the HTTP door only, beside the table of the contracts. */
const HTTP_ONLY = {
  unsupported_media_type: 415,
  method_not_allowed: 405,
  idempotency_mismatch: 422,
} as const;

export type HttpCode = ErrorCode | keyof typeof HTTP_ONLY;

/** A refusal that no call can give: it was decided before anything went onto the bus. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly code: HttpCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: HttpCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const INTERNAL: Failure = {
  status: 500,
  code: 'internal',
  message: 'Something went wrong on our side; the request id names it in the log.',
  details: {},
};

/** What the body parsers throw, by their `type`. */
const PARSER_FAILURES: Readonly<Record<string, { code: HttpCode; message: string }>> = {
  'entity.too.large': { code: 'too_large', message: 'The body is larger than 1 MiB.' },
  'entity.parse.failed': { code: 'invalid_argument', message: 'The body is not valid JSON.' },
  'request.size.invalid': {
    code: 'invalid_argument',
    message: 'The body is not as long as Content-Length says.',
  },
  'request.aborted': { code: 'invalid_argument', message: 'The body ended early.' },
  'encoding.unsupported': {
    code: 'unsupported_media_type',
    message: 'A compressed body is not taken.',
  },
  'charset.unsupported': { code: 'unsupported_media_type', message: 'The body must be UTF-8.' },
};

/**
 * What a caller over HTTP is told about a failure. The only table between the bus and HTTP; whatever it does not
 * know becomes `internal` with a fixed sentence, and only the log has the rest.
 */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof HttpRefusal) {
    return {
      status: httpStatus(thrown.code),
      code: thrown.code,
      message: thrown.message,
      details: thrown.details,
    };
  }
  if (thrown instanceof CallError) return failureOfCall(thrown);
  const parser = PARSER_FAILURES[String((thrown as { type?: unknown } | null)?.type)];
  if (parser) return { ...parser, status: httpStatus(parser.code), details: {} };
  if (thrown instanceof URIError) {
    return { status: 400, code: 'invalid_argument', message: 'The path is not valid.', details: {} };
  }
  return INTERNAL;
}

function failureOfCall(error: CallError): Failure {
  const details = error.details ?? {};
  if (error.code === 'internal') return INTERNAL;
  // A reply that did not come and a service that is not there are one thing to a caller: try again later.
  if (error.code === 'deadline_exceeded') {
    return { status: ERRORS.deadline_exceeded.http, code: 'unavailable', message: error.message, details };
  }
  if (error.code === 'failed_precondition' && details['code'] === 'idempotency_mismatch') {
    return {
      status: HTTP_ONLY.idempotency_mismatch,
      code: 'idempotency_mismatch',
      message: error.message,
      details,
    };
  }
  return { status: ERRORS[error.code].http, code: error.code, message: error.message, details };
}

export function httpStatus(code: HttpCode): number {
  return code in HTTP_ONLY ? HTTP_ONLY[code as keyof typeof HTTP_ONLY] : ERRORS[code as ErrorCode].http;
}

/** The error body that the user's documents fix, with the stable `details.code`. */
export function failureBody(failure: Failure) {
  return {
    status: 'error' as const,
    error: failure.message,
    details: { ...failure.details, code: failure.code },
  };
}
