import { type Bus } from '@whoosh/bus';
import { agents, LIST_ITEMS_MAX } from '@whoosh/contracts';
import { type Log } from '@whoosh/telemetry';
import { type CouncilMetrics } from '../metrics.ts';
import { type Opportunity } from './opportunities.ts';

/** Of more agents with an address than this the newest are asked; the others hear the bus. */
const ENDPOINTS_MAX = 100;
const AGENTS_LOOKED_AT_MAX = 1_000;
const REQUESTS_AT_ONCE_MAX = 8;
const REQUEST_TIMEOUT_MS = 2_000;
const PATH = '/api/v1/opportunities/council';

interface HttpOpportunityOptions {
  readonly bus: Bus;
  readonly metrics: CouncilMetrics;
  readonly log: Log;
}

/**
 * Offers seats to agents that registered an address. Nothing waits for them: an agent that is slow or gone costs one
 * request, and while one offer is on its way the next is left out, because it would say the same.
 */
export class HttpOpportunities implements AsyncDisposable {
  readonly #options: HttpOpportunityOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: HttpOpportunityOptions) {
    this.#options = options;
  }

  offer(opportunities: readonly Opportunity[]): void {
    if (opportunities.length === 0 || this.#running !== undefined || this.#stop.signal.aborted) return;
    this.#running = this.#offerAll(opportunities)
      .catch((cause: unknown) => {
        this.#options.log.warn({ err: cause }, 'open seats could not be offered over HTTP');
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #offerAll(opportunities: readonly Opportunity[]): Promise<void> {
    const endpoints = await this.#endpoints();
    const requests = endpoints.flatMap((endpoint) => opportunities.map((one) => ({ endpoint, body: one })));
    const next = requests.values();
    // Several takers of one queue: as many requests at once as there are takers.
    const takers = Array.from({ length: REQUESTS_AT_ONCE_MAX }, async () => {
      for (const { endpoint, body } of next) await this.#post(endpoint, body);
    });
    await Promise.all(takers);
  }

  async #endpoints(): Promise<string[]> {
    const endpoints = new Set<string>();
    let cursor: string | undefined;
    for (let seen = 0; seen < AGENTS_LOOKED_AT_MAX; seen += LIST_ITEMS_MAX) {
      const page = await this.#options.bus.call(agents.listAgents, {
        status: 'online',
        limit: LIST_ITEMS_MAX,
        ...(cursor !== undefined && { cursor }),
      });
      for (const { endpoint } of page.items) if (endpoint !== null) endpoints.add(endpoint);
      if (page.next_cursor === null || endpoints.size >= ENDPOINTS_MAX) break;
      cursor = page.next_cursor;
    }
    return [...endpoints].slice(0, ENDPOINTS_MAX);
  }

  async #post(endpoint: string, body: Opportunity): Promise<void> {
    const { metrics, log } = this.#options;
    if (this.#stop.signal.aborted) return;
    try {
      const response = await fetch(`${endpoint.replace(/\/+$/, '')}${PATH}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        // An agent's address is what it registered, not wherever that points to.
        redirect: 'error',
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      metrics.opportunitiesTotal.inc({ way: response.ok ? 'http' : 'http_failed' });
    } catch (cause) {
      metrics.opportunitiesTotal.inc({ way: 'http_failed' });
      log.debug({ err: cause, opportunity: body.id }, 'an agent could not be offered a seat over HTTP');
    }
  }
}
