import { plain } from '../live/words.ts';

export type Tone = 'good' | 'bad' | 'busy' | 'quiet' | 'wait';

const TONES: Readonly<Record<string, Tone>> = {
  active: 'busy',
  forming: 'busy',
  in_progress: 'busy',
  working: 'busy',
  creating: 'busy',
  wanted: 'busy',
  running: 'busy',
  initial_scan: 'busy',
  executing: 'busy',
  planning: 'busy',
  reviewing: 'busy',
  helping: 'busy',
  completed: 'good',
  healthy: 'good',
  deployed: 'good',
  online: 'good',
  claimed: 'good',
  ratified: 'good',
  composed: 'good',
  assigned: 'good',
  waiting: 'wait',
  stale: 'wait',
  blocked: 'wait',
  absent: 'wait',
  failed: 'bad',
  offline: 'bad',
  error: 'bad',
};

export function toneOf(state: string): Tone {
  return TONES[state] ?? 'quiet';
}

/** A state, as a word with a dot: the colour says nothing that the word does not. */
export function Chip({ state, tone = toneOf(state) }: { state: string; tone?: Tone }) {
  return <span class={`chip ${tone}`}>{plain(state)}</span>;
}
