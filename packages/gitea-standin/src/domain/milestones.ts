import { nextId, type Milestone, type Repository } from './model.ts';
import { type Turn } from './turn.ts';

export interface NewMilestone {
  readonly title: string;
  readonly description?: string | undefined;
  readonly state?: string | undefined;
  readonly dueS: number | null;
}

export function createMilestone(turn: Turn, repository: Repository, wanted: NewMilestone): Milestone {
  const isClosed = wanted.state === 'closed';
  const milestone: Milestone = {
    id: nextId(turn.state, 'milestone'),
    repositoryId: repository.id,
    title: wanted.title,
    description: wanted.description ?? '',
    state: isClosed ? 'closed' : 'open',
    dueS: wanted.dueS,
    createdS: turn.nowS,
    updatedS: turn.nowS,
    closedS: isClosed ? turn.nowS : null,
  };
  turn.state.milestones.push(milestone);
  return milestone;
}
