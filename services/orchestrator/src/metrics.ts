import { Counter, Gauge, Histogram, type Registry } from '@whoosh/telemetry';

export class OrchestratorMetrics {
  readonly deployments: Counter<'result'>;
  readonly deploymentSeconds: Histogram;
  readonly agentTransitions: Counter<'to'>;
  readonly agentsKnown: Gauge;
  readonly claims: Counter<'verdict'>;
  readonly claimsRefused: Counter<'reason'>;
  readonly passes: Counter<'result'>;
  readonly passSeconds: Histogram;
  readonly steps: Counter<'step'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.deployments = new Counter({
      name: 'whoosh_agent_deployments_total',
      help: 'Deployments of agents by result: healthy, failed (an attempt), removed.',
      labelNames: ['result'],
      registers,
    });
    this.deploymentSeconds = new Histogram({
      name: 'whoosh_deployment_seconds',
      help: 'From the wish for an agent to its first StatusClaim.',
      // A process needs about a second, a container several, an image that is pulled a minute.
      buckets: [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300],
      registers,
    });
    this.agentTransitions = new Counter({
      name: 'whoosh_agent_transitions_total',
      help: 'Changes in the registry by event: registered, online, stale, offline.',
      labelNames: ['to'],
      registers,
    });
    this.agentsKnown = new Gauge({
      name: 'whoosh_agents_heard',
      help: 'Registered agents that this process hears.',
      registers,
    });
    this.claims = new Counter({
      name: 'whoosh_status_claims_heard_total',
      help: 'StatusClaims by verdict: valid, invalid (breaks the contract), foreign (another agent).',
      labelNames: ['verdict'],
      registers,
    });
    this.claimsRefused = new Counter({
      name: 'whoosh_status_claims_refused_total',
      help: 'Valid StatusClaims that are no sign of life, by reason: unsigned, signature (wrong), overrun (no time to verify it).',
      labelNames: ['reason'],
      registers,
    });
    this.passes = new Counter({
      name: 'whoosh_reconciler_passes_total',
      help: 'Comparisons of what is wanted with what runs, by result: ok, failed.',
      labelNames: ['result'],
      registers,
    });
    this.passSeconds = new Histogram({
      name: 'whoosh_reconciler_pass_seconds',
      help: 'How long such a comparison took, with its acts.',
      // Mostly nothing is to be done; stopping an agent may take its whole grace.
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60],
      registers,
    });
    this.steps = new Counter({
      name: 'whoosh_reconciler_steps_total',
      help: 'What the reconciler did, by step: begin, remove, see_running, end, gone.',
      labelNames: ['step'],
      registers,
    });
  }
}
