import { Counter, Gauge, type Registry } from '@whoosh/telemetry';

/** What one agent and a fleet both have. */
export class SimMetrics {
  readonly agents: Gauge;
  readonly beats: Counter;
  readonly claims: Counter<'way'>;
  readonly lost: Counter;
  readonly tasks: Counter<'result'>;
  readonly requests: Counter<'result'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.agents = new Gauge({
      name: 'agent_sim_agents',
      help: 'Agents that have joined and play.',
      registers,
    });
    this.beats = new Counter({ name: 'agent_sim_beats_total', help: 'Beats that were played.', registers });
    this.claims = new Counter({
      name: 'agent_sim_claims_total',
      help: 'StatusClaims by the way they were made: honest, duplicate, late, lie.',
      labelNames: ['way'],
      registers,
    });
    this.lost = new Counter({
      name: 'agent_sim_claims_lost_total',
      help: 'StatusClaims that could not be stored in time.',
      registers,
    });
    this.tasks = new Counter({
      name: 'agent_sim_tasks_total',
      help: 'Tasks that came to an end, by result: completed, failed.',
      labelNames: ['result'],
      registers,
    });
    this.requests = new Counter({
      name: 'agent_sim_requests_total',
      help: 'REST requests by result: ok, refused, away.',
      labelNames: ['result'],
      registers,
    });
  }
}
