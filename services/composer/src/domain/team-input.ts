import { type Instant } from '@whoosh/stdx';
import { type Missing } from './decide.ts';
import { type Decision, type TeamRole } from './match.ts';

interface Said {
  readonly at: Instant;
  readonly by: string;
}

export interface ComposedSeat {
  readonly id: string;
  readonly role: TeamRole;
  readonly requiredSkills: readonly string[];
  readonly agentId: string | null;
  readonly score: number | null;
  readonly reasons: readonly string[];
}

/** What a decision means for the team. */
export interface Composed {
  readonly strategy: Decision['team']['strategy'];
  readonly confidence: number;
  readonly classification: Decision['analysis']['classification'];
  readonly seats: readonly ComposedSeat[];
  readonly missing: readonly Missing[];
}

/** Everything that may happen to a team; stored with the change it caused, so that a life can be replayed. */
export type TeamInput =
  | (Said &
      Composed & {
        readonly kind: 'compose';
        readonly id: string;
        readonly taskId: string;
        readonly attempt: number;
        readonly name: string;
        readonly projectName: string | null;
      })
  /** A waiting team was decided about again. */
  | (Said & Composed & { readonly kind: 'recompose' })
  | (Said & {
      readonly kind: 'deployment';
      readonly role: string;
      readonly deploymentId: string;
      readonly status: string;
      /** A failed one that no further attempt follows. */
      readonly isGivenUp: boolean;
      readonly reason: string | null;
    })
  /** The agent of this deployment claimed to work on the task. */
  | (Said & { readonly kind: 'agent_working'; readonly agentId: string; readonly deploymentId: string })
  /** The issue was closed. */
  | (Said & { readonly kind: 'close'; readonly reason: string })
  /** The task is none for a team any more: matters only before it is at work. */
  | (Said & { readonly kind: 'withdraw'; readonly reason: string })
  | (Said & {
      readonly kind: 'set_status';
      readonly status: 'completed' | 'cancelled' | 'failed';
      readonly reason: string;
    });

export type TeamInputOf<Kind extends TeamInput['kind']> = Extract<TeamInput, { kind: Kind }>;
