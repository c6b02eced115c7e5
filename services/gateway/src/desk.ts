import { type DeadLetters } from './dead-letters/dead-letters.ts';
import { type BeatWatch } from './events/beat-watch.ts';
import { type PulseWatch } from './events/pulse-watch.ts';

/** What the routes that the gateway answers by itself work with. */
export interface Desk {
  readonly beats: BeatWatch;
  readonly pulses: PulseWatch;
  readonly deadLetters: DeadLetters;
}
