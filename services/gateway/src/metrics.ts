import { type LinkCounters } from '@whoosh/backbeat-sdk';
import { Counter, Gauge, Histogram, type Registry } from '@whoosh/telemetry';

/** What this service counts, beside what the bus and the process count by themselves. */
export class GatewayMetrics {
  readonly requests: Counter<'method' | 'route' | 'status'>;
  readonly requestSeconds: Histogram<'method' | 'route'>;
  readonly refusedByRate: Counter<'limit'>;
  readonly unknownFields: Counter<'route'>;
  readonly deliveries: Counter<'result'>;
  readonly readers: Gauge;
  readonly readersCut: Counter<'reason'>;
  readonly invalidMessages: Counter;

  constructor(registry: Registry, link: LinkCounters | undefined) {
    const registers = [registry];
    this.requests = new Counter({
      name: 'gateway_http_requests_total',
      help: 'Requests answered, by route pattern and status.',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.requestSeconds = new Histogram({
      name: 'gateway_http_request_seconds',
      help: 'Time to the end of an answer; event streams are not in it.',
      labelNames: ['method', 'route'],
      // Most answers are one call over the bus (about 1 ms); the last bucket is the deadline of a call.
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
    this.refusedByRate = new Counter({
      name: 'gateway_rate_limited_total',
      help: 'Requests refused because their sender sent too many.',
      labelNames: ['limit'],
      registers,
    });
    this.unknownFields = new Counter({
      name: 'gateway_unknown_fields_total',
      help: 'Fields that an agent sent and no contract knows.',
      labelNames: ['route'],
      registers,
    });
    this.deliveries = new Counter({
      name: 'gateway_webhook_deliveries_total',
      help: 'Deliveries of Gitea by what became of them.',
      labelNames: ['result'],
      registers,
    });
    this.readers = new Gauge({
      name: 'gateway_event_readers',
      help: 'Open event streams.',
      registers,
    });
    this.readersCut = new Counter({
      name: 'gateway_event_readers_cut_total',
      help: 'Event streams that the gateway ended.',
      labelNames: ['reason'],
      registers,
    });
    this.invalidMessages = new Counter({
      name: 'gateway_invalid_messages_total',
      help: 'Reports and claims heard that break their schema.',
      registers,
    });
    if (link) countFrames(registry, link);
  }
}

/** Copies (`seen`) are ordinary and not among them: every beat may be said twice. */
function countFrames(registry: Registry, link: LinkCounters): void {
  const frames = new Counter({
    name: 'gateway_beat_frames_refused_total',
    help: 'BeatFrames that no agent would act on, by what is wrong with them.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      const { seen: _seen, ...dropped } = link.dropped;
      const counts = { ...link.refused, ...dropped, late: link.lateFrames };
      frames.reset();
      for (const [reason, count] of Object.entries(counts)) frames.inc({ reason }, count);
    },
  });
}
