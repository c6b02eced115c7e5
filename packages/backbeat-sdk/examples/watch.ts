/** Prints one line per beat until Ctrl-C: node packages/backbeat-sdk/examples/watch.ts --nats nats://127.0.0.1:4222 --cluster demo */
import { parseArgs } from 'node:util';
import { listenToBeats } from '@whoosh/backbeat-sdk';

const { values } = parseArgs({
  options: {
    nats: { type: 'string', default: 'nats://127.0.0.1:4222' },
    cluster: { type: 'string', default: 'chorus-production' },
  },
});

const listener = await listenToBeats({
  natsUrl: values.nats,
  clusterId: values.cluster,
  // Among the warnings is which broker is waited for.
  log: {
    info: () => undefined,
    warn: (fields, message) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
  },
});
// Which node has sent a beat is not part of the beat but of its frame; an own beat, made in its absence, has none.
let sender = '-';
listener.link.add({
  frame: ({ body }) => (sender = body.metadata?.node ?? '?'),
  beat: ({ index, downbeat, phase, degraded, replayed, term, tempoBpm }) => {
    const mark = downbeat ? '|' : ' ';
    const node = degraded || replayed ? '-' : sender;
    const note = degraded ? '  alone' : replayed ? '  stored' : '';
    process.stdout.write(
      `${String(index).padStart(8)} ${mark} ${phase.padEnd(9)} ${node.padEnd(12)} term ${term}  ${tempoBpm} BPM${note}\n`,
    );
  },
});

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void listener.close());
