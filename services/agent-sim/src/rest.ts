import { type agents, type councils, type ReplyOf, type RequestOf, type tasks } from '@whoosh/contracts';

const REQUEST_TIMEOUT_MS = 10_000;
/** A gateway may ask for more; nobody here waits longer before asking again. */
const RETRY_AFTER_MAX_MS = 60_000;
const REPLY_BYTES_MAX = 4 * 1024 * 1024;

/** The gateway said no, or did not answer (`status` 0). */
export class RestRefusal extends Error {
  override readonly name = 'RestRefusal';
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** As the answer asked for, when it did; at most a minute. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    answer: { status: number; details?: Record<string, unknown>; retryAfterMs?: number | undefined },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.status = answer.status;
    this.details = answer.details ?? {};
    const { code } = this.details;
    this.code = typeof code === 'string' ? code : answer.status === 0 ? 'unavailable' : 'internal';
    this.retryAfterMs = answer.retryAfterMs;
  }

  /** The same request may succeed later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export interface RestOptions {
  readonly endpoint: string;
  /** The token of a request that names none. */
  readonly token: () => string;
  readonly onResult: (result: 'ok' | 'refused' | 'away') => void;
}

type Agent = ReplyOf<typeof agents.getAgent>;
type Registration = RequestOf<typeof agents.registerAgent>;

/** What an agent asks of the gateway. */
export class Rest {
  readonly #options: RestOptions;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  register(body: Registration, token: string): Promise<ReplyOf<typeof agents.registerAgent>> {
    return this.#ask('POST', '/agents/register', body, token);
  }
  setStatus(agentId: string, status: 'online' | 'offline'): Promise<Agent> {
    return this.#ask('PUT', `/agents/${encodeURIComponent(agentId)}/status`, { status });
  }
  task(id: string): Promise<tasks.TaskWithBody> {
    return this.#ask('GET', `/tasks/${id}`);
  }
  council(id: string): Promise<councils.CouncilView> {
    return this.#ask('GET', `/councils/${id}`);
  }
  claimSeat(
    councilId: string,
    seat: Omit<RequestOf<typeof councils.claimRole>, 'council_id'>,
  ): Promise<councils.CouncilView> {
    return this.#ask('POST', `/councils/${councilId}/claims`, seat);
  }
  addArtifact(
    councilId: string,
    body: Omit<RequestOf<typeof councils.addArtifact>, 'council_id'>,
  ): Promise<councils.ArtifactView> {
    return this.#ask('POST', `/councils/${councilId}/artifacts`, body);
  }
  artifact(councilId: string, artifactId: string): Promise<ReplyOf<typeof councils.getArtifact>> {
    return this.#ask('GET', `/councils/${councilId}/artifacts/${artifactId}`);
  }
  vote(
    councilId: string,
    body: Omit<RequestOf<typeof councils.castVote>, 'council_id'>,
  ): Promise<councils.ArtifactView> {
    return this.#ask('POST', `/councils/${councilId}/votes`, body);
  }

  async #ask<Data>(method: string, path: string, body?: unknown, token?: string): Promise<Data> {
    const response = await this.#send(method, path, body, token ?? this.#options.token());
    const answer = await readAnswer(response).catch((cause: unknown) => {
      this.#options.onResult('away');
      throw new RestRefusal(`${method} ${path} gave no answer`, { status: 0 }, { cause });
    });
    const refusal = refusalOf(`${method} ${path}`, response, answer);
    if (refusal === undefined) {
      this.#options.onResult('ok');
      return answer.data as Data;
    }
    this.#options.onResult(refusal.isPassing ? 'away' : 'refused');
    throw refusal;
  }

  async #send(method: string, path: string, body: unknown, token: string): Promise<Response> {
    try {
      return await fetch(`${this.#options.endpoint.replace(/\/+$/, '')}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        redirect: 'error',
      });
    } catch (cause) {
      this.#options.onResult('away');
      throw new RestRefusal(`${method} ${path} reached nobody`, { status: 0 }, { cause });
    }
  }
}

interface Answer {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly details?: unknown;
}

async function readAnswer(response: Response): Promise<Answer> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > REPLY_BYTES_MAX) throw new Error(`the answer has ${announced} bytes`);
  const text = await response.text();
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (cause) {
    // A proxy in between speaks HTML; its status still counts.
    if (!response.ok) return {};
    throw cause;
  }
}

function refusalOf(request: string, response: Response, answer: Answer): RestRefusal | undefined {
  if (response.ok) return undefined;
  const details = answer.details;
  return new RestRefusal(
    `${request}: ${typeof answer.error === 'string' ? answer.error : response.statusText}`,
    {
      status: response.status,
      ...(typeof details === 'object' && details !== null && { details: details as Record<string, unknown> }),
      retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
    },
  );
}

/** Seconds, as RFC 9110 §10.2.3 has them; a date, or nonsense, leaves the wait to the caller. */
export function retryAfterMs(header: string | null): number | undefined {
  if (header === null || !/^\s*\d+\s*$/.test(header)) return undefined;
  return Math.min(Number(header) * 1_000, RETRY_AFTER_MAX_MS);
}
