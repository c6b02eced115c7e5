/**
 * One request to Gitea: `@octokit/core` with our own wrapping, since its plugins repeat 404s and POSTs, ignore Retry-After and
 * follow links that are built from another address. Retries 5xx, 429 and network errors with exponential back-off; nothing else,
 * and of what creates something only what Gitea certainly did not do: a POST without an answer may have been carried out.
 */
import { Octokit } from '@octokit/core';
import { setTimeout as delay } from 'node:timers/promises';
import { CallError } from '@whoosh/contracts';
import { inSpan, type Counter, type Histogram, type Log } from '@whoosh/telemetry';
import { Slots } from './slots.ts';

export interface GiteaOptions {
  readonly baseUrl: string;
  readonly token: string;
  readonly retriesMax: number;
  readonly retryDelayMs: number;
  readonly debugUrls: boolean;
  readonly log: Log;
  readonly requests?: Counter<'status'>;
  readonly seconds?: Histogram;
}

export interface GiteaAnswer {
  readonly status: number;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** At most this many requests are under way to the server at once. */
const REQUESTS_AT_ONCE_MAX = 4;
/** A single request may take this long; a stuck server is then treated like one that is away. */
const REQUEST_TIMEOUT_MS = 15_000;
/** Longest pause between two tries, also when the server asks for more by Retry-After. */
const PAUSE_MS_MAX = 30_000;
const REDIRECTS_MAX = 3;

export class GiteaRequests {
  readonly #octokit: Octokit;
  readonly #options: GiteaOptions;
  readonly #slots = new Slots(REQUESTS_AT_ONCE_MAX);

  constructor(options: GiteaOptions) {
    this.#options = options;
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    this.#octokit = new Octokit({ baseUrl: `${options.baseUrl.replace(/\/+$/, '')}/api/v1`, log });
  }

  /** Answers of 2xx; everything else is a CallError whose `details.status` is Gitea's. */
  async send(method: string, path: string, body?: unknown): Promise<GiteaAnswer> {
    return inSpan(
      'gitea.request',
      { attributes: { 'http.request.method': method, 'url.path': path.split('?')[0] ?? path } },
      () => this.#slots.run(() => this.#withRetries(method, path, body)),
    );
  }

  async #withRetries(method: string, path: string, body: unknown): Promise<GiteaAnswer> {
    for (let attempt = 0; ; attempt++) {
      const result = await this.#once(method, path, body, 0).catch((cause: unknown) => failureOf(cause));
      if (!(result instanceof Failure)) return result;
      this.#options.requests?.inc({ status: String(result.status ?? 'network') });
      const mayRepeat = method === 'POST' ? result.wasNotDone : result.mayRetry;
      if (!mayRepeat || attempt >= this.#options.retriesMax) throw result.error(method, path);
      const asked = result.retryAfterMs ?? this.#options.retryDelayMs * 2 ** attempt;
      await delay(Math.min(asked, PAUSE_MS_MAX));
    }
  }

  async #once(method: string, path: string, body: unknown, redirects: number): Promise<GiteaAnswer> {
    if (this.#options.debugUrls)
      this.#options.log.info({ method, url: `${this.#options.baseUrl}/api/v1${path}` }, 'gitea request');
    const started = performance.now();
    // The token goes with each request and not into the client: a redirect to another host must not carry it.
    const answer = await this.#octokit.request(`${method} ${path}`, {
      ...(body === undefined ? {} : { data: body }),
      headers: { accept: 'application/json', authorization: `token ${this.#options.token}` },
      request: {
        redirect: 'manual',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        parseSuccessResponseBody: true,
      },
    });
    this.#options.seconds?.observe((performance.now() - started) / 1_000);
    this.#options.requests?.inc({ status: String(answer.status) });
    if (answer.status >= 300 && answer.status < 400) {
      const location = answer.headers.location ?? '';
      const base = new URL(this.#options.baseUrl);
      const target = new URL(location, base);
      const prefix = `${base.pathname.replace(/\/+$/, '')}/api/v1`;
      if (redirects >= REDIRECTS_MAX || target.host !== base.host || !target.pathname.startsWith(prefix)) {
        throw new CallError('unavailable', 'gitea redirected to where we do not follow', {
          details: { status: answer.status },
        });
      }
      const query = target.search === '' ? (path.split('?')[1] ?? '') : target.search.slice(1);
      return this.#once(
        method,
        `${target.pathname.slice(prefix.length)}${query === '' ? '' : `?${query}`}`,
        body,
        redirects + 1,
      );
    }
    return {
      status: answer.status,
      data: answer.data as unknown,
      headers: answer.headers as Record<string, string | undefined>,
    };
  }
}

class Failure {
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly sentence: string;
  readonly cause: unknown;

  constructor(
    cause: unknown,
    status: number | undefined,
    sentence: string,
    retryAfterMs: number | undefined,
  ) {
    this.cause = cause;
    this.status = status;
    this.sentence = sentence;
    this.retryAfterMs = retryAfterMs;
  }

  get mayRetry(): boolean {
    return this.status === undefined || this.status === 429 || this.status >= 500;
  }

  /** Turned away at the door; any other failure may have come after the effect. */
  get wasNotDone(): boolean {
    return this.status === 429;
  }

  error(method: string, path: string): CallError {
    const where = `gitea: ${method} ${path.split('?')[0]}`;
    const details = this.status === undefined ? {} : { status: this.status };
    const options = { details, cause: this.cause };
    if (this.status === 404) return new CallError('not_found', `${where}: not found`, options);
    if (this.status === 401)
      return new CallError('permission_denied', `${where}: the token is refused`, options);
    if (this.status === 403) return new CallError('permission_denied', `${where}: ${this.sentence}`, options);
    if (this.status === 423)
      return new CallError('failed_precondition', `${where}: the repository is archived`, options);
    if (this.mayRetry)
      return new CallError('unavailable', `${where}: ${this.status ?? 'no answer'}`, options);
    return new CallError('failed_precondition', `${where}: ${this.status} ${this.sentence}`, options);
  }
}

function failureOf(cause: unknown): Failure {
  if (cause instanceof CallError) throw cause;
  const error = cause as {
    status?: number;
    message?: string;
    response?: { data?: unknown; headers?: Record<string, string | undefined> };
  };
  // Octokit reports a network error as status 500 without a response.
  if (error.response === undefined) return new Failure(cause, undefined, 'no answer', undefined);
  const message = (error.response.data as { message?: unknown } | undefined)?.message;
  const sentence = typeof message === 'string' ? message.slice(0, 300) : `status ${error.status}`;
  const retryAfter = Number(error.response.headers?.['retry-after']);
  return new Failure(
    cause,
    error.status,
    sentence,
    Number.isFinite(retryAfter) ? retryAfter * 1_000 : undefined,
  );
}
