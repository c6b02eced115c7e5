import { describe, test } from 'vitest';
import { jetstreamManager } from '@nats-io/jetstream';
import { Registry } from '@whoosh/telemetry';
import { freePort, startNats, until } from '@whoosh/testkit';
import { connectBus } from '../src/index.ts';
import { capturedLog } from './captured-log.ts';

const PATIENT = { timeoutMs: 60_000 };

/** Brokers of one cluster, each of which begins with the routes it is given and learns of the others. */
async function clusterOfThree() {
  const ports = await Promise.all([0, 1, 2].map(() => freePort()));
  return (index: number, routesTo: readonly number[]) => {
    const routes = routesTo.map((at) => `"nats-route://127.0.0.1:${ports[at]}"`).join(', ');
    const cluster = `cluster { name: "test", listen: "127.0.0.1:${ports[index]}", routes: [${routes}] }`;
    return startNats({ config: `server_name: "n${index}"\n${cluster}` });
  };
}

describe('replicas of streams', () => {
  test('a broker that is late at the first start holds a copy of every stream in the end', async () => {
    const start = await clusterOfThree();
    await using first = await start(0, [1]);
    await using second = await start(1, [0]);
    const { log, lines } = capturedLog();
    const told = (msg: string, stream: string) =>
      until(() => lines.some((line) => line.msg === msg && line['stream'] === stream), PATIENT);
    await using bus = await connectBus({
      // The third address is that of a broker that is not there.
      servers: [first.url, second.url, `nats://127.0.0.1:${await freePort()}`],
      service: 'sample',
      profile: 'beat',
      log,
      registry: new Registry(),
    });
    // Until the brokers have elected a leader nobody answers.
    const eager = await jetstreamManager(bus.connection, { checkAPI: false, timeout: 500 });
    await until(
      () => eager.streams.add({ name: 'WHOOSH_DEAD', subjects: ['whoosh.v1.dead.>'], num_replicas: 1 }),
      PATIENT,
    );

    // One that exists works as it is; a new one waits, and says so.
    await bus.ensureStreams(['WHOOSH_DEAD']);
    await told('the stream cannot have its replicas yet', 'WHOOSH_DEAD');
    const making = bus.ensureStreams(['BACKBEAT_BEATS']);
    await told('waiting for servers for the replicas', 'BACKBEAT_BEATS');

    await using _third = await start(2, [0, 1]);
    await making;
    for (const stream of ['WHOOSH_DEAD', 'BACKBEAT_BEATS']) {
      await until(async () => (await bus.jsm.streams.info(stream)).config.num_replicas === 3, {
        ...PATIENT,
        describe: `three replicas of ${stream}`,
      });
    }
  }, 180_000);
});
