import { councils } from '@whoosh/contracts';
import { Counter, Gauge, Histogram, type Registry } from '@whoosh/telemetry';
import { type Change } from './domain/outcome.ts';
import { NO_VOTE } from './domain/rounds.ts';

const CLAIM_OUTCOMES = ['accepted', 'taken', 'not_qualified', 'unavailable', 'refused'] as const;
export type ClaimOutcome = (typeof CLAIM_OUTCOMES)[number];

/** Every metric the council service exports. */
export class CouncilMetrics {
  readonly #statesTotal: Counter<'status'>;
  readonly #claimsTotal: Counter<'outcome'>;
  readonly #artifactsTotal: Counter<'kind'>;
  readonly #votesTotal: Counter<'vote'>;
  readonly #roundsTotal: Counter<'outcome'>;
  readonly #formationSeconds: Histogram;
  readonly #durationSeconds: Histogram;
  readonly opportunitiesTotal: Counter<'way'>;
  readonly live: Gauge<'status'>;
  readonly pacedLocally: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#statesTotal = new Counter({
      name: 'whoosh_council_states_total',
      help: 'Councils that came into each state.',
      labelNames: ['status'],
      registers,
    });
    this.#claimsTotal = new Counter({
      name: 'whoosh_council_role_claims_total',
      help: 'RoleClaims by what became of them.',
      labelNames: ['outcome'],
      registers,
    });
    this.#artifactsTotal = new Counter({
      name: 'whoosh_council_artifacts_total',
      help: 'Versions of artifacts that were stored.',
      labelNames: ['kind'],
      registers,
    });
    this.#votesTotal = new Counter({
      name: 'whoosh_council_votes_total',
      help: 'Votes that were cast; a seat that stays silent until the end of the bar is counted as missing.',
      labelNames: ['vote'],
      registers,
    });
    this.#roundsTotal = new Counter({
      name: 'whoosh_council_rounds_total',
      help: 'Rounds that ended, by their outcome.',
      labelNames: ['outcome'],
      registers,
    });
    this.#formationSeconds = new Histogram({
      name: 'whoosh_council_formation_seconds',
      help: 'From the forming of a council to its last core seat being taken.',
      // A few seconds where agents start as processes, up to the seat deadline of two minutes and more.
      buckets: [1, 2, 5, 10, 20, 40, 80, 120, 300, 600],
      registers,
    });
    this.#durationSeconds = new Histogram({
      name: 'whoosh_council_duration_seconds',
      help: 'From the forming of a council to its end.',
      // Four bars at a quick tempo are seconds; three rounds at the slowest are hours.
      buckets: [5, 15, 60, 300, 900, 3_600, 10_800],
      registers,
    });
    this.opportunitiesTotal = new Counter({
      name: 'whoosh_council_opportunities_total',
      help: 'Offers of open seats that were sent, repeated ones included, by the way they went.',
      labelNames: ['way'],
      registers,
    });
    this.live = new Gauge({
      name: 'whoosh_council_live',
      help: 'Councils that have not ended, by state.',
      labelNames: ['status'],
      registers,
    });
    this.pacedLocally = new Gauge({
      name: 'whoosh_council_paced_locally',
      help: 'One while rounds follow the local grid because no pulse is heard, else zero.',
      registers,
    });
    this.#beginAtZero();
  }

  claimed(outcome: ClaimOutcome): void {
    this.#claimsTotal.inc({ outcome });
  }

  changed({ happened, council, from }: Change): void {
    const { status } = council;
    if (from !== status) this.#statesTotal.inc({ status });
    const ageSeconds = (council.updatedAt - council.createdAt) / 1_000;
    if (happened === 'active') this.#formationSeconds.observe(ageSeconds);
    if (happened === 'artifact_added')
      this.#artifactsTotal.inc({ kind: council.artifacts.at(-1)?.kind ?? '' });
    if (happened === 'vote_cast') this.#votesTotal.inc({ vote: council.votes.at(-1)?.vote ?? '' });
    if (happened === 'round_closed') this.#roundClosed(council);
    if (happened === 'completed' || happened === 'failed') this.#durationSeconds.observe(ageSeconds);
  }

  setLive(counts: readonly { status: string; count: number }[]): void {
    for (const status of ['forming', 'active']) {
      this.live.set({ status }, counts.find((one) => one.status === status)?.count ?? 0);
    }
  }

  #roundClosed(council: Change['council']): void {
    const outcome = council.rounds.findLast((round) => round.outcome !== null)?.outcome;
    if (outcome) this.#roundsTotal.inc({ outcome });
    // The votes that the end of the bar filled in carry the time of that end.
    const silent = council.votes.filter(
      ({ castAt, reason }) => castAt === council.updatedAt && reason === NO_VOTE,
    );
    this.#votesTotal.inc({ vote: 'missing' }, silent.length);
  }

  // A series starts at zero, so that the first event is a rise and not a series that appears.
  #beginAtZero(): void {
    for (const status of councils.COUNCIL_STATUSES) this.#statesTotal.inc({ status }, 0);
    for (const outcome of CLAIM_OUTCOMES) this.#claimsTotal.inc({ outcome }, 0);
    for (const kind of councils.ARTIFACT_KINDS) this.#artifactsTotal.inc({ kind }, 0);
    for (const vote of ['yes', 'no', 'missing']) this.#votesTotal.inc({ vote }, 0);
    for (const outcome of ['ratified', 'revise', 'not_ratified']) this.#roundsTotal.inc({ outcome }, 0);
    for (const way of ['bus', 'http', 'http_failed']) this.opportunitiesTotal.inc({ way }, 0);
    this.setLive([]);
    this.pacedLocally.set(0);
  }
}
