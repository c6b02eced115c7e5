import { type Entry } from '../domain/entry.ts';
import { type Score } from '../domain/score.ts';
import { planBars } from '../domain/tempo-plan.ts';

/** Has the bars changed to what this node is configured with; says once why it does not while the tempo forbids it. */
export class BarKeeper {
  readonly #barLength: number;
  readonly #warn: (message: string, fields: object) => void;
  #hasSaid = false;

  constructor(barLength: number, warn: (message: string, fields: object) => void) {
    this.#barLength = barLength;
    this.#warn = warn;
  }

  /** What the leader is to propose, if anything. */
  plan(score: Score, earliestGridTime: number): Entry | undefined {
    const plan = planBars(score, this.#barLength, earliestGridTime);
    if (plan?.ok !== false) {
      this.#hasSaid = false;
      return plan?.entry;
    }
    if (!this.#hasSaid) {
      this.#warn(
        'bars of the configured length would last longer than two hours: the cluster keeps its own',
        {
          wanted: this.#barLength,
          kept: (score.nextBars ?? score.bars).length,
          tempo_bpm: score.segment.tempoBpm,
          from_tempo_bpm: plan.slowestBpm,
        },
      );
    }
    this.#hasSaid = true;
    return undefined;
  }
}
