/**
 * Prints every BarReport that the stream keeps, then each new one, and misses none while it or the broker is away:
 * node packages/backbeat-sdk/examples/reports.ts --nats nats://127.0.0.1:4222 --cluster demo
 */
import { parseArgs } from 'node:util';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { backbeat, STREAMS } from '@whoosh/contracts';

const { values } = parseArgs({
  options: {
    nats: { type: 'string', default: 'nats://127.0.0.1:4222' },
    cluster: { type: 'string', default: 'chorus-production' },
  },
});

const connection = await connect({ servers: values.nats.split(','), maxReconnectAttempts: -1 });
// Ordered: the client makes it again behind the last message it has seen. Who must go on after a restart of its own
// begins with `opt_start_seq` behind the sequence that it has stored with its results.
const consumer = await jetstream(connection).consumers.get(STREAMS.BACKBEAT_REPORTS.name, {
  filter_subjects: `backbeat.${values.cluster}.report.store.*`,
  deliver_policy: DeliverPolicy.All,
});
const messages = await consumer.consume();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => messages.stop());

for await (const message of messages) {
  const report = backbeat.BarReport.parse(message.json());
  const { from_beat, to_beat, agents_reporting, issues } = report;
  process.stdout.write(
    `${message.seq}: beats ${from_beat} … ${to_beat}, ${agents_reporting} agents, ${issues.length} issues\n`,
  );
}
await connection.close();
