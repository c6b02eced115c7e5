import { expect, test } from 'vitest';
import { isWanted, type Offer, type Seeker } from './offered-seat.ts';

const offer: Offer = {
  type: 'whoosh.opportunity.v1',
  id: 'c1-eng-lead',
  council_id: '00000000-0000-4000-8000-000000000001',
  task_id: '00000000-0000-4000-8000-000000000002',
  project: 'owner/name',
  role: 'eng-lead',
  capabilities: ['eng-lead'],
  closes_at: '2026-03-01T09:30:00Z',
};
const seeker: Seeker = { councilId: offer.council_id, role: 'eng-lead', seat: 'seeking', isUnfit: false };

test.each<[string, Partial<Seeker>, boolean]>([
  ['that it looks for', {}, true],
  ['that it had lost to another one', { seat: 'lost' }, true],
  ['that it has', { seat: 'held' }, false],
  ['that it is not able to fill', { seat: 'lost', isUnfit: true }, false],
  ['of another role', { role: 'qa-lead' }, false],
  ['of another council', { councilId: offer.task_id }, false],
])('an open seat %s', (_, changed, wanted) => {
  expect(isWanted(offer, { ...seeker, ...changed })).toBe(wanted);
});
