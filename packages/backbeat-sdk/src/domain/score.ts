import { createHash } from 'node:crypto';
import { type backbeat } from '@whoosh/contracts';

type BeatPhase = backbeat.BeatPhase;

/** A bar of the given cluster and epoch: the first 16 bytes, hex, of SHA-256; every leader computes the same. */
export function windowIdOf(clusterId: string, epoch: number, firstIndex: number): string {
  return createHash('sha256').update(`${clusterId}\n${epoch}\n${firstIndex}`).digest('hex').slice(0, 32);
}

/** Beats of a bar by phase: thirds, review at least one beat, planning at least one from three beats on. */
export function phaseLengths(barLength: number): Readonly<Record<BeatPhase, number>> {
  const third = Math.floor(barLength / 3);
  const review = Math.max(1, third);
  return { planning: third, execution: barLength - third - review, review };
}

/** The phase of the beat at `position` (0-based) in a bar, and the position at which that phase ends. */
export function phaseAt(position: number, barLength: number): { phase: BeatPhase; endsAt: number } {
  const { planning, execution } = phaseLengths(barLength);
  if (position < planning) return { phase: 'planning', endsAt: planning };
  if (position < planning + execution) return { phase: 'execution', endsAt: planning + execution };
  return { phase: 'review', endsAt: barLength };
}

/** Nominal length of a beat in milliseconds. */
export function beatMsOf(tempoBpm: number): number {
  return 60_000 / tempoBpm;
}

export interface BarFacts {
  readonly clusterId: string;
  readonly epoch: number;
  readonly index: number;
  readonly downbeat: boolean;
  readonly barLength: number;
  readonly windowId: string;
}

/**
 * The first index of the bar that a beat belongs to. A frame names its bar only by the hash, so the
 * candidates are tried; a pulse with ids of its own making falls back to bars counted from zero.
 */
export function barStartOf(facts: BarFacts): number {
  if (facts.downbeat) return facts.index;
  const windowId = facts.windowId.toLowerCase();
  const aligned = facts.index - (facts.index % facts.barLength);
  if (windowIdOf(facts.clusterId, facts.epoch, aligned) === windowId) return aligned;
  const first = Math.max(0, facts.index - facts.barLength + 1);
  for (let start = facts.index; start >= first; start -= 1) {
    if (windowIdOf(facts.clusterId, facts.epoch, start) === windowId) return start;
  }
  return aligned;
}
