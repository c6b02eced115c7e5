import { type Raft, ProposalError } from 'raft-ts/node';
import { encodeEntry, type Entry } from '../domain/entry.ts';
import { gridTimeOf } from '../domain/score.ts';
import { planTempo } from '../domain/tempo-plan.ts';
import { type TempoRange } from '../domain/tempo.ts';
import { type ScoreMachine } from './machine.ts';
import { type MetronomeReply } from './messages.ts';

/** A downbeat may be reserved while the change is on its way; then the next one is asked for. */
const TRIES_MAX = 4;
/** Room for the commit before the downbeat, beside the lead of the reservation. */
const COMMIT_ROOM_MS = 10;
const PROPOSAL_TIMEOUT_MS = 2_000;

export interface TempoDeskOptions {
  readonly raft: Raft;
  readonly machine: ScoreMachine;
  readonly limits: TempoRange;
  /** Present time of the grid and the lead of reservations; undefined while this node does not lead. */
  readonly leading: () => { readonly gridTime: number; readonly leadMs: number } | undefined;
}

/** Changes of tempo on the leader: replicated before they are acknowledged. */
export class TempoDesk {
  readonly #options: TempoDeskOptions;

  constructor(options: TempoDeskOptions) {
    this.#options = options;
  }

  async setTempo(tempoBpm: number, ramp: boolean): Promise<MetronomeReply> {
    const { machine, limits } = this.#options;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const leading = this.#options.leading();
      const { score } = machine;
      if (leading === undefined) return this.#elsewhere();
      if (score === undefined) return { kind: 'unavailable', reason: 'the cluster has no beat yet' };
      const earliest = leading.gridTime + leading.leadMs + COMMIT_ROOM_MS;
      const plan = planTempo(score, { tempoBpm, ramp }, limits, earliest);
      if (!plan.ok) return { kind: 'out_of_range', range: plan.range, presentBpm: score.segment.tempoBpm };
      const outcome = await this.#propose(plan.entry);
      if (outcome === 'refused') continue;
      if (outcome !== 'applied') return outcome;
      const { entry, atBeat } = plan;
      const after = machine.score ?? score;
      const step = after.nextSegment?.anchor.index === atBeat ? after.nextSegment : after.segment;
      return {
        kind: 'tempo',
        taken: {
          tempoBpm: entry.type === 'tempo' ? entry.tempo : step.tempoBpm,
          targetBpm: entry.type === 'tempo' ? entry.tempo : entry.target,
          atBeat,
          atMs: gridTimeOf(after, atBeat),
          ramp: entry.type === 'ramp',
        },
      };
    }
    return { kind: 'unavailable', reason: 'the next downbeat was always reserved already' };
  }

  async cancelRamp(): Promise<MetronomeReply> {
    const { machine, leading } = this.#options;
    if (leading() === undefined) return this.#elsewhere();
    const isRunning = (machine.score?.ramp ?? null) !== null;
    if (!isRunning) return { kind: 'ramp_cancelled', cancelled: false };
    const outcome = await this.#propose({ type: 'ramp_cancel' });
    if (outcome === 'applied') return { kind: 'ramp_cancelled', cancelled: true };
    return outcome === 'refused' ? { kind: 'ramp_cancelled', cancelled: false } : outcome;
  }

  async #propose(entry: Entry): Promise<'applied' | 'refused' | MetronomeReply> {
    const { raft, machine } = this.#options;
    try {
      const { index } = await raft.propose(encodeEntry(entry), PROPOSAL_TIMEOUT_MS);
      return machine.refusalOf(index) === undefined ? 'applied' : 'refused';
    } catch (cause) {
      if (!(cause instanceof ProposalError)) throw cause;
      if (cause.reason === 'not_leader') return this.#elsewhere();
      return { kind: 'unavailable', reason: `the change was not committed: ${cause.reason}` };
    }
  }

  #elsewhere(): MetronomeReply {
    return { kind: 'elsewhere', leader: this.#options.raft.leaderName() ?? null };
  }
}
