import { Counter, Gauge, Histogram, type Registry } from '@whoosh/telemetry';
import { type FleetFigures } from './fleet-figures.ts';
import { type SimMetrics } from './metrics.ts';

const STORE_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15];

type Counted = { readonly counter: Pick<Counter, 'inc'>; readonly of: (figures: FleetFigures) => number };

/** Takes a fleet's figures over, now and then: to count 20,000 claims a second one by one would cost more than they do. */
export class FleetMetrics {
  readonly #common: SimMetrics;
  readonly #counted: readonly Counted[];
  readonly #told: number[];
  readonly #waiting: Gauge;
  readonly #storeSeconds: Histogram;

  constructor(common: SimMetrics, registry: Registry) {
    this.#common = common;
    const registers = [registry];
    const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
    this.#waiting = new Gauge({
      name: 'agent_sim_claims_waiting',
      help: 'StatusClaims neither stored nor lost yet.',
      registers,
    });
    this.#storeSeconds = new Histogram({
      name: 'agent_sim_claim_store_seconds',
      help: 'From saying a StatusClaim until it is stored; of one in 64.',
      buckets: STORE_SECONDS,
      registers,
    });
    const sent = counter('agent_sim_claims_sent_total', 'StatusClaims handed over for storing.');
    const stored = counter('agent_sim_claims_stored_total', 'StatusClaims that the stream acknowledged.');
    const held = counter('agent_sim_claims_held_total', 'StatusClaims left unsaid under overload.');
    const silent = counter('agent_sim_beats_silent_total', 'Beats of an agent without a StatusClaim.');
    const ways = ['honest', 'duplicate', 'late', 'lie'] as const;
    const results = ['completed', 'failed'] as const;
    this.#counted = [
      { counter: sent, of: (figures) => figures.sent },
      { counter: stored, of: (figures) => figures.stored },
      { counter: held, of: (figures) => figures.held },
      { counter: silent, of: (figures) => figures.silent },
      { counter: common.beats, of: (figures) => figures.beats },
      { counter: common.lost, of: (figures) => figures.lost },
      ...ways.map((way) => ({
        counter: { inc: (count: number) => common.claims.inc({ way }, count) } as Pick<Counter, 'inc'>,
        of: ({ said }: FleetFigures) => said[way],
      })),
      ...results.map((result) => ({
        counter: { inc: (count: number) => common.tasks.inc({ result }, count) } as Pick<Counter, 'inc'>,
        of: (figures: FleetFigures) => figures[result],
      })),
    ];
    this.#told = this.#counted.map(() => 0);
  }

  stored(delayMs: number): void {
    this.#storeSeconds.observe(delayMs / 1_000);
  }

  tell(figures: FleetFigures): void {
    this.#common.agents.set(figures.agents);
    this.#waiting.set(figures.waiting);
    for (const [at, { counter, of }] of this.#counted.entries()) {
      const count = of(figures);
      counter.inc(count - (this.#told[at] ?? 0));
      this.#told[at] = count;
    }
  }
}
