import { backbeat } from '@whoosh/contracts';
import { type Random } from '@whoosh/stdx';

/** A message of the claims stream, as it is to be stored. */
export interface CrowdClaim {
  readonly subject: string;
  readonly text: string;
}

export interface CrowdOptions {
  readonly cluster: string;
  readonly agents: number;
  readonly random: Random;
}

/** Ways of claiming, and how many of 10,000 claims are of each; the rest is honest. */
const PER_10_000 = {
  silent: 200,
  duplicate: 200,
  late: 100,
  forged: 100,
  malformed: 50,
  broken: 100,
  early: 100,
  far: 50,
  held: 300,
  flood: 2,
} as const;
type Way = keyof typeof PER_10_000 | 'honest';

const STATES = [...backbeat.CLAIM_STATES, 'executing', 'executing', 'done', 'review', 'waiting'] as const;
const FLOOD_CLAIMS = 20;
const FAR_BEATS = 50;
const EARLY_BEATS_MAX = 4;
const HELD_BEATS_MAX = 2;
const TASKS_PER_AGENT = 3;
const SECRETS = 5;

/** What a fleet says, beat after beat, by a seed. */
export class CrowdScript {
  readonly said: Record<Way, number>;
  readonly #options: CrowdOptions;
  readonly #held = new Map<number, CrowdClaim[]>();
  #counter = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
    const ways: readonly Way[] = ['honest', ...(Object.keys(PER_10_000) as (keyof typeof PER_10_000)[])];
    this.said = Object.fromEntries(ways.map((way) => [way, 0])) as Record<Way, number>;
  }

  /** What the agents `from` … `to` − 1 have stored in this beat, in this order. */
  claims(beat: number, barLength: number, from: number, to: number): CrowdClaim[] {
    const claims: CrowdClaim[] = [];
    for (let i = from; i < to; i += 1) this.#agent(i, beat, barLength, claims);
    if (from === 0) {
      claims.push(...(this.#held.get(beat) ?? []), this.#rotation(beat));
      this.#held.delete(beat);
    }
    return claims;
  }

  #agent(i: number, beat: number, barLength: number, claims: CrowdClaim[]): void {
    const { random } = this.#options;
    const agent = `agent:${i}`;
    const way = this.#way();
    this.said[way] += 1;
    const claim = this.#claim(agent, beat);
    switch (way) {
      case 'silent':
        return;
      case 'honest':
        claims.push(this.#message(agent, claim));
        return;
      case 'duplicate': {
        const message = this.#message(agent, claim);
        claims.push(message, message);
        return;
      }
      case 'late':
        claims.push(this.#message(agent, { ...claim, beat_index: Math.max(0, beat - barLength) }));
        return;
      case 'forged':
        claims.push(this.#message(agent, { ...claim, agent_id: `agent:${i + 1}` }));
        return;
      case 'malformed':
        claims.push({ ...this.#message(agent, claim), text: JSON.stringify(claim).slice(0, -1) });
        return;
      case 'broken':
        claims.push(this.#message(agent, { ...claim, ...this.#breach() }));
        return;
      case 'early':
        claims.push(this.#message(agent, { ...claim, beat_index: beat + random.int(1, EARLY_BEATS_MAX) }));
        return;
      case 'far':
        claims.push(this.#message(agent, { ...claim, beat_index: beat + FAR_BEATS }));
        return;
      case 'held':
        this.#hold(beat + random.int(1, HELD_BEATS_MAX), this.#message(agent, claim));
        return;
      case 'flood':
        for (let n = 0; n < FLOOD_CLAIMS; n += 1) claims.push(this.#message(agent, this.#claim(agent, beat)));
    }
  }

  #way(): Way {
    let drawn = this.#options.random.int(0, 9_999);
    for (const [way, share] of Object.entries(PER_10_000)) {
      drawn -= share;
      if (drawn < 0) return way as Way;
    }
    return 'honest';
  }

  #breach(): object {
    return this.#options.random.pick<object>([
      { state: 'dancing' },
      { progress: 7 },
      { beats_left: -1 },
      { hlc: 'now' },
      { extra: true },
      { task_id: 'a task' },
      { notes: 'x'.repeat(backbeat.NOTES_CHARACTERS_MAX + 1) },
    ]);
  }

  #claim(agent: string, beat: number): Record<string, unknown> & { agent_id: string; beat_index: number } {
    const { random } = this.#options;
    this.#counter += 1;
    const progress = random.pick([0, 0.25, 0.5, 1]);
    return {
      type: 'backbeat.statusclaim.v1',
      agent_id: agent,
      ...(random.chance(0.9) && { task_id: `task:${random.int(1, TASKS_PER_AGENT)}` }),
      beat_index: beat,
      ...(random.chance(0.5) && { beats_left: random.int(0, 12) }),
      progress,
      hlc: hlcOf(this.#counter),
      state: random.pick(STATES),
      ...(random.chance(0.02) && { metadata: { degraded: true, of: 'é' } }),
    };
  }

  #message(agent: string, claim: object): CrowdClaim {
    const { cluster } = this.#options;
    return { subject: backbeat.claims.subject.at({ cluster, agent }), text: JSON.stringify(claim) };
  }

  #hold(beat: number, message: CrowdClaim): void {
    this.#held.set(beat, [...(this.#held.get(beat) ?? []), message]);
  }

  #rotation(beat: number): CrowdClaim {
    const { cluster, random } = this.#options;
    this.#counter += 1;
    const rotation = {
      type: 'backbeat.rotation.v1',
      name: `secret-${random.int(1, SECRETS)}`,
      state: random.pick(['required', 'done', 'done', 'failed']),
      beat_index: beat,
      hlc: hlcOf(this.#counter),
    };
    return { subject: backbeat.rotations.subject.at({ cluster }), text: JSON.stringify(rotation) };
  }
}

/** Any timestamp of the wire's form that no other claim has. */
function hlcOf(counter: number): string {
  const hex = (counter % 2 ** 48).toString(16).padStart(12, '0');
  return `${hex.slice(0, 4)}:${hex.slice(4, 8)}:${hex.slice(8)}`;
}
