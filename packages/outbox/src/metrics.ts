import { Counter, Gauge, type Registry } from '@whoosh/telemetry';

export class OutboxMetrics {
  readonly published: Counter<'outcome'>;
  readonly lagSeconds: Gauge;

  constructor(registry: Registry) {
    this.published = new Counter({
      name: 'outbox_published_total',
      help: 'Events that left the outbox: stored, duplicate (stored before) or too_large (a dead letter).',
      labelNames: ['outcome'],
      registers: [registry],
    });
    this.lagSeconds = new Gauge({
      name: 'outbox_lag_seconds',
      help: 'Age of the oldest event that is not published yet; 0 when there is none.',
      registers: [registry],
    });
  }
}
