import { createHash } from 'node:crypto';
import { type Log } from '@whoosh/telemetry';
import pg from 'pg';

export interface DutyOptions {
  /** The address of the database, masked when printed. */
  readonly url: { reveal(): string };
  /** One duty per name and database. */
  readonly name: string;
  readonly log?: Log;
}

const CONNECT_TIMEOUT_MS = 2_000;
const STATEMENT_TIMEOUT_MS = 2_000;

/**
 * What one process at a time does, as long as its session with the database lives. It saves work and noise; nothing may
 * become wrong when two believe to hold it for a moment (a session may be dead before its client knows).
 */
export class Duty implements AsyncDisposable {
  readonly name: string;
  readonly #options: DutyOptions;
  readonly #key: string;
  #session: { client: pg.Client; holds: boolean } | undefined;
  #asking: Promise<boolean> | undefined;
  #isDisposed = false;

  constructor(options: DutyOptions) {
    this.name = options.name;
    this.#options = options;
    this.#key = lockKey(options.name);
  }

  /** Takes the duty if it is free and tells whether it is ours. Ask before each act. False while the database is away. */
  async held(): Promise<boolean> {
    if (this.#isDisposed) return false;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return await this.#asking;
  }

  /** Gives the duty up at once, so that another process need not wait for the session's end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#asking;
    const session = this.#session;
    this.#session = undefined;
    await session?.client.end().catch(() => undefined);
  }

  async #ask(): Promise<boolean> {
    const { log } = this.#options;
    try {
      const session = (this.#session ??= await this.#open());
      // The lock lives as long as the session: that the session answers is the proof.
      const statement = session.holds ? 'select true as held' : 'select pg_try_advisory_lock($1) as held';
      const { rows } = await session.client.query<{ held: boolean }>(
        statement,
        session.holds ? [] : [this.#key],
      );
      const held = rows[0]?.held === true;
      if (held && !session.holds) log?.info({ duty: this.name }, 'duty taken');
      session.holds = held;
      return held;
    } catch (cause) {
      if (this.#session?.holds === true) log?.warn({ err: cause, duty: this.name }, 'duty lost');
      const { client } = this.#session ?? {};
      this.#session = undefined;
      await client?.end().catch(() => undefined);
      return false;
    }
  }

  async #open(): Promise<{ client: pg.Client; holds: boolean }> {
    const client = new pg.Client({
      connectionString: this.#options.url.reveal(),
      application_name: `duty ${this.name}`,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS,
      keepAlive: true,
    });
    // The next question finds out; without a listener the process would end.
    client.on('error', () => undefined);
    await client.connect();
    return { client, holds: false };
  }
}

/** 64 bits of a hash: names far apart, the same number in every process. */
function lockKey(name: string): string {
  return createHash('sha256').update(`duty ${name}`).digest().readBigInt64BE(0).toString();
}
