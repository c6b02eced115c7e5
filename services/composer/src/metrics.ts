import { teams } from '@whoosh/contracts';
import { Counter, Gauge, Histogram, type Registry } from '@whoosh/telemetry';
import { type Decision } from './domain/match.ts';
import { type Change } from './domain/team-step.ts';

/** Every metric the composer exports. */
export class ComposerMetrics {
  readonly #statesTotal: Counter<'status'>;
  readonly #analysesTotal: Counter<'task_type' | 'method'>;
  readonly #confidence: Histogram;
  readonly #candidates: Histogram;
  readonly #formationSeconds: Histogram;
  readonly decisionSeconds: Histogram;
  readonly waitingTeams: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#statesTotal = new Counter({
      name: 'whoosh_composer_states_total',
      help: 'Teams that came into each state.',
      labelNames: ['status'],
      registers,
    });
    this.#analysesTotal = new Counter({
      name: 'whoosh_composer_analyses_total',
      help: 'Tasks that were classified, by their type and by the way it was done.',
      labelNames: ['task_type', 'method'],
      registers,
    });
    this.#confidence = new Histogram({
      name: 'whoosh_composer_confidence_ratio',
      help: 'Confidence in the teams that were decided about; a team that waits for its only seat has none.',
      // Around the threshold of 0.6, where a small change decides between a team and waiting.
      buckets: [0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
      registers,
    });
    this.#candidates = new Histogram({
      name: 'whoosh_composer_candidates',
      help: 'Agents that were weighed for one team.',
      // From nobody to the most that one decision keeps.
      buckets: [0, 1, 3, 10, 30, 100, 200],
      registers,
    });
    this.#formationSeconds = new Histogram({
      name: 'whoosh_composer_formation_seconds',
      help: 'From the first decision about a team to its last agent being there.',
      // A few seconds where agents start as processes, minutes where images are pulled or agents are waited for.
      buckets: [1, 2, 5, 10, 20, 40, 80, 300, 1_800],
      registers,
    });
    this.decisionSeconds = new Histogram({
      name: 'whoosh_composer_decision_seconds',
      help: 'Time to analyse a task and to fill its seats, without asking for the agents.',
      // Words and sums over at most two hundred agents: milliseconds.
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
      registers,
    });
    this.waitingTeams = new Gauge({
      name: 'whoosh_composer_waiting_teams',
      help: 'Teams that wait for a suitable agent.',
      registers,
    });
    for (const status of teams.TEAM_STATUSES) this.#statesTotal.inc({ status }, 0);
  }

  changed({ team, from }: Change): void {
    if (team.status !== from) this.#statesTotal.inc({ status: team.status });
    if (team.status === 'deployed' && from !== 'deployed') {
      this.#formationSeconds.observe((team.updatedAt - team.createdAt) / 1_000);
    }
  }

  decided({ analysis, input, team }: Decision): void {
    const { classification, method } = analysis;
    this.#analysesTotal.inc({ task_type: classification.task_type, method: method.classification });
    this.#candidates.observe(input.agents.length);
    this.#confidence.observe(team.confidence);
  }
}
