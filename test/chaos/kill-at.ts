import { Random } from '@whoosh/stdx';
import { type RunningWhoosh } from '../main-job/running-whoosh.ts';

export const VICTIMS = ['monitor', 'council', 'composer', 'orchestrator'] as const;
export type Victim = (typeof VICTIMS)[number];

/** Events that a run of both jobs certainly has after the issues are opened, so that every point is reached. */
const EVENTS_OF_A_RUN = 24;
/** The process is hit this much after the event was heard: in the middle of what the event made it do. */
const AFTER_MS_MAX = 60;

export interface PlannedKill {
  arm(): void;
  done(): boolean;
}

/** Ends the process the hard way at a point that the seed decides: so many events after the start, and a moment later. */
export function killAt(whoosh: RunningWhoosh, victim: Victim, seed: number): PlannedKill {
  const random = new Random(seed);
  const event = random.int(1, EVENTS_OF_A_RUN);
  const afterMs = random.int(0, AFTER_MS_MAX);
  let heard = 0;
  let killed = false;
  return {
    arm() {
      whoosh.nats.subscribe('whoosh.v1.event.>', {
        callback: () => {
          heard += 1;
          if (heard !== event) return;
          setTimeout(() => {
            whoosh.kill(victim);
            killed = true;
          }, afterMs);
        },
      });
    },
    done: () => killed,
  };
}
