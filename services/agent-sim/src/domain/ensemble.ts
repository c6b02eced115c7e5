/** All agents of a fleet: who says what on which beat. Pure; the same seed, score and beats give the same claims. */
import { Random, sha256Hex } from '@whoosh/stdx';
import { type Score } from './score.ts';
import { newSimAgent, type SimAgent, type SimClaim, stepSimAgent } from './sim-agent.ts';

interface Player {
  agent: SimAgent;
  readonly random: Random;
}

export interface EnsembleOptions {
  readonly score: Score;
  readonly agentIds: readonly string[];
  readonly seed: number;
  /** Share of beats on which an agent reports. */
  readonly rate: number;
}

export class Ensemble {
  readonly #options: EnsembleOptions;
  readonly #players: readonly Player[];

  constructor(options: EnsembleOptions) {
    this.#options = options;
    this.#players = options.agentIds.map((agentId) => {
      const random = new Random(seedOf(options.seed, agentId));
      return { agent: newSimAgent(agentId, options.score, random), random };
    });
  }

  /**
   * One beat of one agent's life.
   * @param at place of the agent among the ids
   * @returns what it says; undefined when it says nothing
   */
  step(at: number): SimClaim | undefined {
    const player = this.#players[at];
    if (player === undefined) return undefined;
    const { score, agentIds, rate } = this.#options;
    const { agent, said } = stepSimAgent(player.agent, score, player.random, agentIds);
    player.agent = agent;
    // Drawn for every claim, so that another rate does not change what is played.
    const isReported = player.random.chance(rate);
    return said !== undefined && (isReported || isEnd(said)) ? said : undefined;
  }
}

/** An end is always told: leaving it out would break a promise that the score keeps. */
export function isEnd({ claim }: SimClaim): boolean {
  return claim.state === 'completed' || claim.state === 'failed';
}

const SEED_HEX_DIGITS = 8;

/** Each agent has chance of its own, so that the size of the fleet does not change how one of them lives. */
function seedOf(seed: number, agentId: string): number {
  return Number.parseInt(sha256Hex(`${seed}/${agentId}`).slice(0, SEED_HEX_DIGITS), 16);
}
