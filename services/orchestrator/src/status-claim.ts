import { backbeat } from '@whoosh/contracts';
import { type Instant } from '@whoosh/stdx';
import { type HeardClaim } from './domain/agent.ts';

/** The StatusClaim in these bytes; undefined when there is none that the contract takes. */
export function readStatusClaim(bytes: Uint8Array): backbeat.StatusClaim | undefined {
  if (bytes.length > backbeat.CLAIM_BYTES_MAX) return undefined;
  try {
    return backbeat.StatusClaim.safeParse(JSON.parse(new TextDecoder().decode(bytes))).data;
  } catch {
    return undefined;
  }
}

/** What the registry keeps of it. */
export function heardClaim(claim: backbeat.StatusClaim, at: Instant): HeardClaim {
  return {
    beatIndex: claim.beat_index,
    state: claim.state,
    taskId: claim.task_id ?? null,
    beatsLeft: claim.beats_left ?? null,
    progress: claim.progress ?? null,
    at,
  };
}
