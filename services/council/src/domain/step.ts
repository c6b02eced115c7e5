import { assert, unreachable } from '@whoosh/stdx';
import { addArtifact } from './artifacts.ts';
import { type Council, isEnded } from './council.ts';
import { type CouncilInput, type InputOf } from './input.ts';
import { done, ended, nothing, type Outcome, refusedAsEnded } from './outcome.ts';
import { onDownbeat } from './rounds.ts';
import { claim, form, greetAgent, loseAgent, passTime, reserve } from './seats.ts';
import { castVote } from './votes.ts';

/**
 * The life of a council: what an input changes, and which events tell of it. Total and without side effects; the
 * first input of a life is `form`, and no other is given without a council.
 */
export function step(council: Council | undefined, input: CouncilInput): Outcome {
  if (input.kind === 'form') return council === undefined ? form(input) : nothing;
  assert(council !== undefined, 'a council is formed before anything else happens to it');
  switch (input.kind) {
    case 'reserve':
      return reserve(council, input);
    case 'claim':
      return claim(council, input);
    case 'agent_lost':
      return loseAgent(council, input);
    case 'agent_back':
      return greetAgent(council, input);
    case 'artifact':
      return addArtifact(council, input);
    case 'vote':
      return castVote(council, input);
    case 'downbeat':
      return onDownbeat(council, input);
    case 'clock':
      return passTime(council, input);
    case 'cancel':
      return cancel(council, input);
    case 'withdraw':
      return withdraw(council, input);
    default:
      return unreachable(input);
  }
}

/** The council after an outcome: that of its last change. */
export function after(council: Council | undefined, outcome: Outcome): Council | undefined {
  if (outcome.kind === 'refused') return council;
  return outcome.changes.at(-1)?.council ?? council;
}

/** The council that these inputs made: how a life is replayed from its history. */
export function replay(inputs: readonly CouncilInput[]): Council | undefined {
  let council: Council | undefined;
  for (const input of inputs) council = after(council, step(council, input));
  return council;
}

function cancel(council: Council, { at, reason }: InputOf<'cancel'>): Outcome {
  if (council.status === 'cancelled') return nothing;
  return refusedAsEnded(council) ?? done(ended(council, 'cancelled', { at, reason }));
}

function withdraw(council: Council, { at, reason }: InputOf<'withdraw'>): Outcome {
  if (council.status !== 'forming' || isEnded(council.status)) return nothing;
  return done(ended(council, 'cancelled', { at, reason }));
}
