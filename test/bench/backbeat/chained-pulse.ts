/** What a pulse is without a common grid: a chain of timers that begins anew with each take-over. */
import { connect } from '@nats-io/transport-node';
import { backbeat } from '@whoosh/contracts';
import { chainSubject } from './chain-subject.ts';

const [url = '', cluster = '', node = '', bpm = '120'] = process.argv.slice(2);
const beatMs = 60_000 / Number(bpm);
const connection = await connect({ servers: [url], maxReconnectAttempts: -1 });

function beat(index: number, term: number): void {
  const metadata = { epoch: 1, term, node, at: Date.now() };
  const frame = JSON.stringify({ beat_index: index, metadata });
  connection.publish(backbeat.beats.subject.at({ cluster }), frame);
  setTimeout(() => beat(index + 1, term), beatMs);
}

connection.subscribe(chainSubject(cluster, node), {
  callback: (_failure, message) => {
    const { index, term } = message.json<{ index: number; term: number }>();
    setTimeout(() => beat(index, term), beatMs);
  },
});
await connection.flush();
process.stdout.write(`${JSON.stringify({ type: 'up' })}\n`);
