import { type Instant } from '@whoosh/stdx';
import { type ArtifactKind } from './council.ts';

interface Said {
  /** When it was said, by the clock of the service that heard it. */
  readonly at: Instant;
  /** Who said it: an agent, a user, or a service. */
  readonly by: string;
}

export interface FormSeat {
  readonly id: string;
  readonly role: string;
  readonly name: string;
  readonly required: boolean;
  readonly why: string;
}

/**
 * Everything that may happen to a council. Each is plain data and is stored with the change it caused, so that
 * folding {@link step} over the stored inputs gives the same council again.
 */
export type CouncilInput =
  | (Said & {
      readonly kind: 'form';
      readonly id: string;
      readonly taskId: string;
      readonly attempt: number;
      readonly projectName: string;
      readonly title: string;
      readonly strategy: string;
      readonly seats: readonly FormSeat[];
      readonly reservedUntil: Instant;
      readonly seatDeadlineAt: Instant;
      readonly seatDeadlineBeat: number | null;
    })
  /** A deployment is made for the seat; until `until` no other agent may take it. */
  | (Said & {
      readonly kind: 'reserve';
      readonly role: string;
      readonly deploymentId: string;
      readonly until: Instant;
    })
  | (Said & {
      readonly kind: 'claim';
      readonly role: string;
      readonly agentId: string;
      readonly deploymentId: string | null;
      readonly capabilities: readonly string[];
      /** The capabilities that together qualify for the role; the role's own id qualifies alone. */
      readonly required: readonly string[];
      readonly beat: number;
    })
  /** An agent went offline, or what it was deployed as ended. */
  | (Said & { readonly kind: 'agent_lost'; readonly agentId: string; readonly deploymentId: string | null })
  /** An agent is online, or what it was deployed as is healthy. */
  | (Said & { readonly kind: 'agent_back'; readonly agentId: string })
  | (Said & {
      readonly kind: 'artifact';
      readonly id: string;
      readonly artifactKind: ArtifactKind;
      readonly mediaType: string;
      readonly sha256: string;
      readonly bytes: number;
      readonly path: string;
      /** The agent that wrote it; null when an admin adds it in the name of the responsible seat. */
      readonly agentId: string | null;
    })
  | (Said & {
      readonly kind: 'vote';
      readonly artifactId: string;
      readonly agentId: string;
      readonly vote: 'yes' | 'no';
      readonly reason: string | null;
    })
  /** The first beat of a bar of `barLength` beats. */
  | (Said & { readonly kind: 'downbeat'; readonly beat: number; readonly barLength: number })
  /** Time passed: whatever is due by then. `beat` is null while no pulse is heard. */
  | (Said & { readonly kind: 'clock'; readonly beat: number | null })
  | (Said & { readonly kind: 'cancel'; readonly reason: string })
  /** Its task is no longer a Design Brief: matters only before it is active. */
  | (Said & { readonly kind: 'withdraw'; readonly reason: string });

export type InputOf<Kind extends CouncilInput['kind']> = Extract<CouncilInput, { kind: Kind }>;
