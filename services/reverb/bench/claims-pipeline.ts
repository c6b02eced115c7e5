/**
 * What a claim costs reverb, measured in a process of its own. It takes `--messages N` by one way, `--from core` (a plain
 * subject), `stream` (the claims stream, by reverb's reader) or `memory` (heard first, then timed without the broker), and does
 * with each what `--how reverb` (decode, validate, book) or `parse` (JSON.parse alone) says. It prints `{"ready":true}`, then
 * one line with the result. `--credit-every N` says on `bench.credit` when so many more were taken: the sender's flow control.
 */
import { parseArgs } from 'node:util';
import { type JsMsg } from '@nats-io/jetstream';
import { connectBus } from '@whoosh/bus';
import { newRegistry, openLog } from '@whoosh/telemetry';
import { readEntry } from '../src/claim-decoder.ts';
import { ClaimsReader } from '../src/claims-reader.ts';
import { WindowBook } from '../src/domain/window-book.ts';
import { ReverbMetrics } from '../src/metrics.ts';
import { Tally } from '../src/tally.ts';

const { values } = parseArgs({
  options: {
    nats: { type: 'string', default: '' },
    cluster: { type: 'string', default: 'bench' },
    from: { type: 'string', default: 'core' },
    how: { type: 'string', default: 'reverb' },
    messages: { type: 'string', default: '100000' },
    'credit-every': { type: 'string', default: '0' },
  },
});
const wanted = Number(values.messages);
const creditEvery = Number(values['credit-every']);

/** As much of a message as any way of taking it needs. */
type Message = Pick<JsMsg, 'subject' | 'data' | 'string'>;

/** Does with a message what reverb's session does with it. */
class Pipeline {
  readonly #book = new WindowBook();
  readonly #tally: Tally;
  added = 0;
  windows = 0;
  reporting = 0;

  constructor() {
    const log = openLog({ service: 'reverb', level: 'silent', pretty: false });
    this.#tally = new Tally(new ReverbMetrics(newRegistry('reverb')), log);
  }

  take(message: Message, sequence: number, storedAtMs: number): void {
    const entry = readEntry(message.subject, message.data, { sequence, storedAtMs });
    if (entry === undefined) return;
    const applied = this.#book.apply(entry);
    this.#tally.note(applied, storedAtMs);
    if (applied.kind === 'added') this.added += 1;
    else if (applied.kind === 'closed') {
      this.windows += 1;
      this.reporting += applied.window.report.agents_reporting;
    }
  }
}

let taken = 0;
let beganMs = 0;
let cpu = process.cpuUsage();
let parsed = 0;
const pipeline = new Pipeline();
const over = Promise.withResolvers<void>();

function begin(): void {
  beganMs = performance.now();
  cpu = process.cpuUsage();
}

function handle(message: Message, sequence: number, storedAtMs: number): void {
  if (values.how === 'parse') {
    if (typeof JSON.parse(message.string()) === 'object') parsed += 1;
  } else {
    pipeline.take(message, sequence, storedAtMs);
  }
}

function take(message: Message, sequence: number, storedAtMs: number): void {
  if (taken === 0) begin();
  handle(message, sequence, storedAtMs);
  taken += 1;
  if (creditEvery > 0 && taken % creditEvery === 0) bus.connection.publish('bench.credit');
  if (taken === wanted) over.resolve();
}

const bus = await connectBus({
  servers: values.nats,
  service: 'reverb',
  // Patient: on a plain subject a reconnection loses messages, and what is measured is not the connection.
  profile: 'agent',
  log: openLog({ service: 'reverb', level: 'silent', pretty: false }),
  registry: newRegistry('reverb'),
});
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

if (values.from === 'stream') {
  say({ ready: true });
  const reader = await ClaimsReader.open({
    bus,
    clusterId: values.cluster,
    afterSequence: 0,
    onMessage: (_subject, message, place) => take(message, place.sequence, place.storedAtMs),
  });
  await Promise.race([over.promise, reader.failed]);
} else {
  const kept: Message[] = [];
  const isKept = values.from === 'memory';
  bus.connection.subscribe(`backbeat.${values.cluster}.>`, {
    callback: (_error, message) => {
      if (!isKept) {
        take(message, taken + 1, Date.now());
        return;
      }
      // A copy: what the client hands out is a part of a larger buffer.
      const { subject } = message;
      const data = message.data.slice();
      kept.push({ subject, data, string: () => new TextDecoder().decode(data) });
      if (creditEvery > 0 && kept.length % creditEvery === 0) bus.connection.publish('bench.credit');
      if (kept.length === wanted) over.resolve();
    },
  });
  await bus.flush();
  say({ ready: true });
  await over.promise;
  if (isKept) {
    begin();
    for (const message of kept) handle(message, (taken += 1), Date.now());
  }
}

const seconds = (performance.now() - beganMs) / 1_000;
const { user, system } = process.cpuUsage(cpu);
const { added, windows, reporting } = pipeline;
say({ taken, parsed, added, windows, reporting, seconds, cpuSeconds: (user + system) / 1e6 });
process.exit(0);
