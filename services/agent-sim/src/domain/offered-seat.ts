import { type councils } from '@whoosh/contracts';
import { type CouncilPart } from './council-part.ts';

/** What an open seat is announced with. */
export type Offer = ReturnType<typeof councils.Opportunity.parse>;

/** Who hears of it: the seat that it was started for, and what became of that. */
export interface Seeker {
  readonly councilId: string;
  readonly role: string;
  readonly seat: CouncilPart['seat'];
  /** It was refused for what it cannot do, which no other offer changes. */
  readonly isUnfit: boolean;
}

/** Whether an open seat is worth a claim: its own one, unless it has it already or is not able to fill it. */
export function isWanted(offer: Offer, { councilId, role, seat, isUnfit }: Seeker): boolean {
  return offer.council_id === councilId && offer.role === role && seat !== 'held' && !isUnfit;
}
