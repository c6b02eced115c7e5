import { type Beat, type Fleet } from '@whoosh/backbeat-sdk';
import { Random, sha256Hex } from '@whoosh/stdx';
import { type Score } from './domain/score.ts';
import { newSimAgent, type SimAgent, type SimClaim, stepSimAgent } from './domain/sim-agent.ts';
import { type SimMetrics } from './metrics.ts';
import { RawClaims } from './raw-claims.ts';
import { type FleetFigures } from './summary.ts';

interface Player {
  agent: SimAgent;
  readonly random: Random;
  readonly joinsAtMs: number;
}

export interface FleetPlayerOptions {
  readonly link: Fleet;
  readonly metrics: SimMetrics;
  readonly score: Score;
  readonly agentIds: readonly string[];
  readonly seed: number;
  /** Share of beats on which an agent reports. */
  readonly rate: number;
  readonly joinStaggerMs: number;
}

/** Plays the score with all its agents, one step of each per beat. */
export class FleetPlayer {
  readonly #options: FleetPlayerOptions;
  readonly #players: readonly Player[];
  readonly #raw: RawClaims;
  readonly #beganAtMs = performance.now();
  readonly #said = { honest: 0, duplicate: 0, late: 0, lie: 0 };
  #silent = 0;
  #lost = 0;
  #completed = 0;
  #failed = 0;
  #joined = 0;

  constructor(options: FleetPlayerOptions) {
    this.#options = options;
    this.#raw = new RawClaims(options.link.link);
    this.#players = options.agentIds.map((agentId, index) => {
      const random = new Random(seedOf(options.seed, agentId));
      return {
        agent: newSimAgent(agentId, options.score, random),
        random,
        joinsAtMs: index * options.joinStaggerMs,
      };
    });
  }

  get figures(): FleetFigures {
    return {
      agents: this.#joined,
      said: { ...this.#said },
      silent: this.#silent,
      lost: this.#lost,
      completed: this.#completed,
      failed: this.#failed,
    };
  }

  play(beat: Beat): void {
    const { metrics, score, agentIds } = this.#options;
    const elapsedMs = performance.now() - this.#beganAtMs;
    metrics.beats.inc();
    this.#joined = 0;
    for (const player of this.#players) {
      // They join in order, so the first one that is not there yet ends the row.
      if (player.joinsAtMs > elapsedMs) break;
      this.#joined += 1;
      const step = stepSimAgent(player.agent, score, player.random, agentIds);
      player.agent = step.agent;
      // Drawn for every claim, so that another rate does not change what is played.
      const isReported = player.random.chance(this.#options.rate);
      if (step.said === undefined || !(isReported || isEnd(step.said))) this.#silent += 1;
      else this.#say(player.agent.agentId, step.said, beat);
    }
    metrics.agents.set(this.#joined);
  }

  #say(agentId: string, said: SimClaim, beat: Beat): void {
    const { metrics, link } = this.#options;
    this.#said[said.way] += 1;
    metrics.claims.inc({ way: said.way });
    this.#count(said);
    switch (said.way) {
      case 'honest':
        link.emitStatusClaim(agentId, said.claim).catch(() => {
          this.#lost += 1;
          metrics.lost.inc();
        });
        return;
      case 'duplicate':
        this.#raw.duplicate(agentId, said.claim, beat);
        return;
      case 'late':
        this.#raw.late(agentId, said.claim, beat);
        return;
      case 'lie':
        this.#raw.lie(agentId, said.claim, beat, said.lie);
    }
  }

  #count({ claim: { state } }: SimClaim): void {
    if (state === 'completed') this.#completed += 1;
    else if (state === 'failed') this.#failed += 1;
    else return;
    this.#options.metrics.tasks.inc({ result: state });
  }
}

/** An end is always told: leaving it out would break a promise that the score keeps. */
function isEnd({ claim }: SimClaim): boolean {
  return claim.state === 'completed' || claim.state === 'failed';
}

const SEED_HEX_DIGITS = 8;

/** Each agent has chance of its own, so that the size of the fleet does not change what one of them does. */
function seedOf(seed: number, agentId: string): number {
  return Number.parseInt(sha256Hex(`${seed}/${agentId}`).slice(0, SEED_HEX_DIGITS), 16);
}
