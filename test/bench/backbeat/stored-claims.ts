import { startFleetLink } from '@whoosh/backbeat-sdk';
import { TestPulse } from '@whoosh/backbeat-sdk/testing';
import { until } from '@whoosh/testkit';
import { openBenchBus } from './bench-bus.ts';

const CLUSTER = 'bench';
const AGENTS = 10_000;
/** Claims that wait for their acknowledgement at a time. */
const WAITING_MAX = 20_000;
/** One beat for the whole time: what is measured is storing. */
const TEMPO_BPM = 0.5;

/**
 * Claims that the SDK has stored and acknowledged in a second, the clients' work included: one process, one connection,
 * atomic batches of at most 256. Every claim must be in the stream in the end.
 */
export async function storedPerSecond(urls: readonly string[], claims: number): Promise<number> {
  await using bus = await openBenchBus(urls);
  await bus.ensureStreams(['BACKBEAT_BEATS', 'BACKBEAT_CLAIMS']);
  const fleet = await startFleetLink({ clusterId: CLUSTER, natsUrl: urls.join(',') });
  using pulse = new TestPulse({ connection: bus.connection, clusterId: CLUSTER, tempoBpm: TEMPO_BPM });
  try {
    pulse.start();
    await until(() => fleet.currentBeat() !== undefined, { describe: 'the first beat' });
    const voices = Array.from({ length: AGENTS }, (_, i) => fleet.voice(`agent:${i}`));
    const began = performance.now();
    let sent = 0;
    let lost = 0;
    const lane = async (first: number): Promise<void> => {
      for (let i = first; i < claims; i += WAITING_MAX) {
        sent += 1;
        await voices[i % AGENTS]
          ?.emit({ state: 'executing', task_id: `task:${i % 997}`, progress: 0.5 }, { immediately: true })
          .catch(() => (lost += 1));
      }
    };
    await Promise.all(Array.from({ length: Math.min(WAITING_MAX, claims) }, (_, first) => lane(first)));
    const seconds = (performance.now() - began) / 1_000;
    const { state } = await bus.jsm.streams.info('BACKBEAT_CLAIMS');
    if (lost > 0 || state.messages < sent)
      throw new Error(`of ${sent} claims ${lost} were lost, ${state.messages} are stored`);
    return Math.round(claims / seconds);
  } finally {
    await fleet.close();
  }
}
