import { Counter, Gauge, Histogram, type Registry } from '@whoosh/telemetry';

// A call is a read of memory or of one indexed row; anything over a second is an incident.
const SECONDS_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/** What every service reports about its bus. Several connections of one process share one set. */
export class BusMetrics {
  readonly connected: Gauge;
  readonly reconnects: Counter;
  readonly answerSeconds: Histogram<'call' | 'outcome'>;
  readonly requests: Counter<'call' | 'outcome'>;
  readonly stored: Counter<'outcome'>;
  readonly consumed: Counter<'consumer' | 'outcome'>;
  readonly consumeSeconds: Histogram<'consumer'>;
  readonly consumerPending: Gauge<'consumer'>;
  readonly consumerPaused: Gauge<'consumer'>;

  private constructor(registry: Registry) {
    const registers = [registry];
    const buckets = SECONDS_BUCKETS;
    this.connected = new Gauge({
      name: 'bus_connected',
      help: 'Connections to the broker that are up.',
      registers,
    });
    this.reconnects = new Counter({
      name: 'bus_reconnects_total',
      help: 'Connections to the broker that were lost and found again.',
      registers,
    });
    this.answerSeconds = new Histogram({
      name: 'bus_call_duration_seconds',
      help: 'Time to answer a call, by call and by how it ended.',
      labelNames: ['call', 'outcome'],
      buckets,
      registers,
    });
    this.requests = new Counter({
      name: 'bus_requests_total',
      help: 'Calls made, by call and by how they ended.',
      labelNames: ['call', 'outcome'],
      registers,
    });
    this.stored = new Counter({
      name: 'bus_stored_total',
      help: 'Messages offered to a stream, by what became of them.',
      labelNames: ['outcome'],
      registers,
    });
    this.consumed = new Counter({
      name: 'bus_consumed_total',
      help: 'Deliveries to a durable consumer: handled, failed, away (a dependency was), dead or broken.',
      labelNames: ['consumer', 'outcome'],
      registers,
    });
    this.consumeSeconds = new Histogram({
      name: 'bus_consume_duration_seconds',
      help: 'Time to handle one delivery.',
      labelNames: ['consumer'],
      buckets,
      registers,
    });
    this.consumerPending = new Gauge({
      name: 'bus_consumer_pending',
      help: 'Messages that wait behind the one last delivered.',
      labelNames: ['consumer'],
      registers,
    });
    this.consumerPaused = new Gauge({
      name: 'bus_consumer_paused',
      help: 'One while a dependency of the consumer is away.',
      labelNames: ['consumer'],
      registers,
    });
  }

  static #of = new WeakMap<Registry, BusMetrics>();

  static of(registry: Registry): BusMetrics {
    const known = BusMetrics.#of.get(registry);
    if (known !== undefined) return known;
    const metrics = new BusMetrics(registry);
    BusMetrics.#of.set(registry, metrics);
    return metrics;
  }
}
