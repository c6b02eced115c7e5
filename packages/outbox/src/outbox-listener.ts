import { type Log } from '@whoosh/telemetry';
import pg from 'pg';

const CONNECT_TIMEOUT_MS = 2_000;

/** Hears new rows on a session of its own; a lost session is opened again at the next look. */
export class OutboxListener implements AsyncDisposable {
  readonly #url: string;
  readonly #channel: string;
  readonly #onRow: () => void;
  readonly #log: Log;
  #client: pg.Client | undefined;

  constructor(options: { url: string; channel: string; onRow: () => void; log: Log }) {
    this.#url = options.url;
    this.#channel = options.channel;
    this.#onRow = options.onRow;
    this.#log = options.log;
  }

  /** Listens, if it does not yet. Rows written before this are not heard: look after calling it. */
  async listen(): Promise<void> {
    if (this.#client !== undefined) return;
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: `listen ${this.#channel}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    const lost = () => {
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#log.warn({ channel: this.#channel }, 'no longer told of new rows, will listen again');
      this.#onRow();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', this.#onRow);
    await client.connect();
    await client.query(`listen ${pg.escapeIdentifier(this.#channel)}`);
    this.#client = client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}
