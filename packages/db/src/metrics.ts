import { Gauge, Histogram, type Registry } from '@whoosh/telemetry';

/** What the driver's pool tells of itself. */
interface PoolCounts {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

// Our statements read or write a few indexed rows; a tenth of a second already means a wait for a lock or a plan gone wrong.
const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30];

export class DatabaseMetrics {
  readonly querySeconds: Histogram<'outcome'>;
  readonly #pools: PoolCounts[] = [];

  private constructor(registry: Registry) {
    const pools = this.#pools;
    this.querySeconds = new Histogram({
      name: 'db_query_seconds',
      help: 'Time per statement, from sending it to having its rows.',
      labelNames: ['outcome'],
      buckets: SECONDS_BUCKETS,
      registers: [registry],
    });
    new Gauge({
      name: 'db_pool_connections',
      help: 'Connections of the pool by state, and who waits for one.',
      labelNames: ['state'],
      registers: [registry],
      collect() {
        const sum = (count: (pool: PoolCounts) => number) =>
          pools.reduce((total, pool) => total + count(pool), 0);
        this.set(
          { state: 'idle' },
          sum((pool) => pool.idleCount),
        );
        this.set(
          { state: 'busy' },
          sum((pool) => pool.totalCount - pool.idleCount),
        );
        this.set(
          { state: 'waiting' },
          sum((pool) => pool.waitingCount),
        );
      },
    });
  }

  watch(pool: PoolCounts): void {
    this.#pools.push(pool);
  }

  static #of = new WeakMap<Registry, DatabaseMetrics>();

  static of(registry: Registry): DatabaseMetrics {
    const known = DatabaseMetrics.#of.get(registry);
    if (known !== undefined) return known;
    const metrics = new DatabaseMetrics(registry);
    DatabaseMetrics.#of.set(registry, metrics);
    return metrics;
  }
}
