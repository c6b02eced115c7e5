import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { backbeat } from '@whoosh/contracts';

export const PLAIN_AGENT = 'plain';

/** What somebody writes who takes the client as it comes: one connection, default options, one StatusClaim per beat, said once. */
export class PlainListener implements AsyncDisposable {
  readonly heard = new Set<number>();
  readonly arrivedAtMs: number[] = [];
  claimsSent = 0;
  readonly #connection: NatsConnection;

  private constructor(connection: NatsConnection, cluster: string) {
    this.#connection = connection;
    const js = jetstream(connection);
    const claims = backbeat.claims.subject.at({ cluster, agent: PLAIN_AGENT });
    connection.subscribe(backbeat.beats.subject.at({ cluster }), {
      callback: (failure, message) => {
        if (failure !== null) return;
        const { beat_index, hlc } = message.json<backbeat.BeatFrame>();
        if (this.heard.has(beat_index)) return;
        this.heard.add(beat_index);
        this.arrivedAtMs.push(performance.now());
        this.claimsSent += 1;
        const claim = {
          type: 'backbeat.statusclaim.v1',
          agent_id: PLAIN_AGENT,
          beat_index,
          state: 'executing',
          hlc,
        };
        js.publish(claims, JSON.stringify(claim)).catch(() => undefined);
      },
    });
  }

  static async open(servers: readonly string[], cluster: string): Promise<PlainListener> {
    const connection = await connect({ servers: [...servers] });
    const listener = new PlainListener(connection, cluster);
    await connection.flush();
    return listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close();
  }
}
