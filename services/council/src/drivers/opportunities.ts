import { type Bus } from '@whoosh/bus';
import { councils } from '@whoosh/contracts';
import { type CouncilMetrics } from '../metrics.ts';
import { type Role } from '../roles.ts';
import { type CouncilQueries, type OfferedSeat } from '../store/queries.ts';
import { isoTime } from '../view.ts';
import { type HttpOpportunities } from './http-opportunities.ts';

/** More open seats than this are offered in the bars that follow, as the first ones are taken. */
const OFFERS_MAX = 500;

export type Opportunity = ReturnType<typeof opportunityOf>;

interface OpportunityDependencies {
  readonly bus: Bus;
  readonly http: HttpOpportunities;
  readonly queries: CouncilQueries;
  readonly roles: ReadonlyMap<string, Role>;
  readonly metrics: CouncilMetrics;
  /** Whether this replica is the one that speaks; a second voice would only be a repeat. */
  readonly isSpeaker: () => Promise<boolean>;
}

/** Offers every free seat to every agent, once a bar until somebody takes it. The id says that it is the same offer. */
export function announceOpportunities({
  bus,
  http,
  queries,
  roles,
  metrics,
  isSpeaker,
}: OpportunityDependencies) {
  return async (): Promise<void> => {
    if (!(await isSpeaker())) return;
    const offered = await queries.offered(OFFERS_MAX);
    const opportunities = offered.map((seat) => opportunityOf(seat, roles.get(seat.role)));
    for (const opportunity of opportunities) {
      bus.publish(councils.opportunities.subject.at({ id: opportunity.id }), opportunity);
      metrics.opportunitiesTotal.inc({ way: 'bus' });
    }
    http.offer(opportunities);
  };
}

function opportunityOf(seat: OfferedSeat, role: Role | undefined) {
  return councils.Opportunity.parse({
    type: 'whoosh.opportunity.v1',
    id: `${seat.council_id}-${seat.role}`,
    council_id: seat.council_id,
    task_id: seat.task_id,
    project: seat.project_name,
    role: seat.role,
    capabilities: role?.defaults.capabilities ?? [],
    closes_at: isoTime(seat.seat_deadline_at.getTime()),
  });
}
