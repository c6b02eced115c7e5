import { type Message } from 'raft-ts';
import { judge } from '@whoosh/backbeat-sdk/rules';
import { Random } from '@whoosh/stdx';
import { downbeatAfter, nextFreeIndex, placeOf, type Score } from '../src/domain/score.ts';
import { towards } from '../src/domain/tempo.ts';
import { type Mutant, Player, type SimBeat, type World } from './player.ts';
import { Schedule } from './schedule.ts';

const FAULTS_MS = 15_000;
const HEALED_MS = 6_000;
/** Beats of a bar in every concert. */
const BAR = 4;

interface Conditions {
  readonly size: number;
  readonly delayMsMax: number;
  readonly loss: number;
  readonly beatDelayMsMax: number;
  readonly fsyncMsMax: number;
  readonly faultEveryMs: number;
  readonly holds: number;
}

export interface Outcome {
  readonly beats: number;
  readonly elections: number;
  /** What must never happen, in words; empty when all is well. */
  readonly violations: readonly string[];
  /** Beats whose sender had no lease when it decided: without a mutant there is none. */
  readonly outsideLease: number;
}

/** Drawn anew for every seed: a fault that one setting hides another one shows. */
function drawConditions(random: Random): Conditions {
  return {
    size: random.pick([1, 3, 3, 5]),
    delayMsMax: random.pick([1, 5, 30]),
    loss: random.pick([0, 0.02, 0.15]),
    beatDelayMsMax: random.pick([1, 5, 40]),
    fsyncMsMax: random.pick([0.3, 3, 12]),
    faultEveryMs: random.pick([300, 900, 2_500]),
    holds: random.pick([0, 0.02, 0.2]),
  };
}

/** Several pulses, a hostile network, and a listener that hears everything; all drawn from one seed. */
export class Concert implements World {
  readonly schedule = new Schedule();
  readonly random: Random;
  readonly mutant: Mutant;
  readonly peers: readonly number[];
  readonly fsyncMsMax: number;
  readonly #conditions: Conditions;
  readonly #players: readonly Player[];
  readonly #cut = new Set<string>();
  readonly #sent = new Map<number, SimBeat>();
  readonly #scores = new Map<number, string>();
  readonly #owners = new Map<number, string>();
  readonly #violations: string[] = [];
  readonly #terms = new Set<number>();
  readonly #lastBySender = new Map<string, number>();
  readonly #lastHeard = new Map<Player, SimBeat>();
  #outsideLease = 0;
  #isHealed = false;

  constructor(seed: number, mutant: Mutant = 'none') {
    this.random = new Random(seed);
    this.mutant = mutant;
    this.#conditions = drawConditions(this.random);
    this.fsyncMsMax = this.#conditions.fsyncMsMax;
    this.peers = Array.from({ length: this.#conditions.size }, (_, at) => at + 1);
    this.#players = this.peers.map((id) => new Player(id, this));
  }

  play(): Outcome {
    for (const player of this.#players) player.start();
    this.#faultLater();
    this.#wishLater();
    this.schedule.runUntil(FAULTS_MS);
    this.#heal();
    this.schedule.runUntil(FAULTS_MS + HEALED_MS / 2);
    const before = this.#sent.size;
    this.schedule.runUntil(FAULTS_MS + HEALED_MS);
    // 60 BPM is the slowest tempo drawn, and an operator may slow it down by a tenth a few times.
    if (this.#sent.size === before) this.#violations.push('no beat after everything was healed');
    this.#checkFrames();
    return {
      beats: this.#sent.size,
      elections: this.#terms.size,
      violations: this.#violations,
      outsideLease: this.#outsideLease,
    };
  }

  decided(index: number, nowMs: number, leaseUntilMs: number | undefined): void {
    if (leaseUntilMs !== undefined && nowMs < leaseUntilMs) return;
    this.#outsideLease += 1;
    if (this.mutant === 'none') this.#violations.push(`beat ${index} was sent without a lease`);
  }

  holdMs(): number {
    const isHeld = !this.#isHealed && this.random.chance(this.#conditions.holds);
    return isHeld ? this.random.int(1, 1_500) : 0;
  }

  send(message: Message): void {
    const { delayMsMax, loss } = this.#conditions;
    const key = `${message.from}>${message.to}`;
    if (this.#cut.has(key) || (!this.#isHealed && this.random.chance(loss))) return;
    const receiver = this.#players[message.to - 1];
    this.schedule.after(0.05 + this.random.next() * delayMsMax, () => receiver?.receive(message));
  }

  publish(beat: SimBeat): void {
    this.#terms.add(beat.term);
    const rival = this.#sent.get(beat.index);
    if (rival !== undefined) {
      this.#violations.push(
        `beat ${beat.index} was sent by ${rival.boot} in term ${rival.term} and by ${beat.boot} in term ${beat.term}`,
      );
    }
    this.#sent.set(beat.index, beat);
    const before = this.#lastBySender.get(beat.boot) ?? -1;
    if (beat.index <= before) this.#violations.push(`${beat.boot} went back from ${before} to ${beat.index}`);
    this.#lastBySender.set(beat.boot, beat.index);
    for (const player of this.#players) {
      if (!this.#isHealed && this.random.chance(this.#conditions.loss)) continue;
      this.schedule.after(0.2 + this.random.next() * this.#conditions.beatDelayMsMax, () =>
        this.#hear(player, beat),
      );
    }
  }

  /** Behind the fence that every listener has, beats only go forward, in index and on the grid. */
  #hear(player: Player, beat: SimBeat): void {
    player.hear(beat);
    const last = this.#lastHeard.get(player);
    if (judge(last, beat) !== 'pass') return;
    this.#lastHeard.set(player, beat);
    if (last === undefined || (beat.index > last.index && beat.at > last.at && beat.term >= last.term))
      return;
    this.#violations.push(`${player.name} hears beat ${beat.index} after ${last.index}`);
  }

  applied(node: number, raftIndex: number, score: Score): void {
    const text = JSON.stringify(score);
    const known = this.#scores.get(raftIndex);
    if (known === undefined) this.#scores.set(raftIndex, text);
    else if (known !== text) this.#violations.push(`node ${node} has another score at entry ${raftIndex}`);
    const { reserved } = score;
    if (reserved === null) return;
    const owner = `${reserved.boot} ${reserved.term}`;
    const holder = this.#owners.get(reserved.index) ?? owner;
    if (holder !== owner) this.#violations.push(`beat ${reserved.index} has two owners`);
    this.#owners.set(reserved.index, owner);
  }

  #checkFrames(): void {
    const frames = [...this.#sent.values()].toSorted((left, right) => left.index - right.index);
    const score = this.#players.map((player) => player.score).find((each) => each !== undefined);
    for (const [at, beat] of frames.entries()) {
      if (this.#owners.get(beat.index) !== `${beat.boot} ${beat.term}`) {
        this.#violations.push(`beat ${beat.index} was sent by ${beat.boot}, who had not reserved it`);
      }
      const before = frames[at - 1];
      if (before === undefined) continue;
      if (beat.at <= before.at) this.#violations.push(`beat ${beat.index} lies before its predecessor`);
      if (before.tempoBpm === beat.tempoBpm || score === undefined) continue;
      if (!isReachable(before, beat)) this.#violations.push(`beat ${beat.index} leaps in tempo`);
      const isNext = beat.index === before.index + 1;
      if (isNext && placeOf(score, beat.index).position !== 0) {
        this.#violations.push(`the tempo changes at beat ${beat.index}, within a bar`);
      }
    }
  }

  #wishLater(): void {
    this.schedule.after(this.random.int(500, 3_000), () => {
      const leader = this.#players.find((player) => player.isLeading);
      const score = leader?.score;
      if (leader !== undefined && score !== undefined) {
        const atBeat = downbeatAfter(score, nextFreeIndex(score), 0);
        const tempo = score.segment.tempoBpm;
        const wish = this.random.int(0, 3);
        if (wish === 0) leader.propose({ type: 'tempo', at_beat: atBeat, tempo: tempo + 1 });
        if (wish === 1) leader.propose({ type: 'ramp', at_beat: atBeat, target: 150 });
        if (wish === 2) leader.propose({ type: 'ramp_cancel' });
      }
      this.#wishLater();
    });
  }

  #faultLater(): void {
    this.schedule.after(this.random.int(20, this.#conditions.faultEveryMs * 2), () => {
      if (this.#isHealed) return;
      this.#fault();
      this.#faultLater();
    });
  }

  #fault(): void {
    const leader = this.#players.find((player) => player.isLeading);
    const victim = this.random.chance(0.6) && leader !== undefined ? leader : this.random.pick(this.#players);
    const kind = this.random.pick(['crash', 'pause', 'isolate', 'one_way', 'join'] as const);
    if (kind === 'crash') this.#crash(victim);
    else if (kind === 'pause') this.#pause(victim);
    else if (kind === 'join') this.#cut.clear();
    else this.#isolate(victim, kind === 'one_way');
  }

  #crash(victim: Player): void {
    if (!victim.isUp) return;
    victim.crash();
    for (const player of this.#players) {
      if (player !== victim) this.schedule.after(this.random.next(), () => player.peerGone(victim.id));
    }
    this.schedule.after(this.random.pick([5, 60, 800]), () => {
      if (!victim.isUp) victim.start();
    });
  }

  #pause(victim: Player): void {
    if (!victim.isUp || victim.isPaused) return;
    const { life } = victim;
    victim.pause();
    this.schedule.after(this.random.pick([30, 200, 700]), () => {
      if (victim.isUp && victim.life === life) victim.resume();
    });
  }

  #isolate(victim: Player, oneWay: boolean): void {
    for (const id of this.peers) {
      this.#cut.add(`${victim.id}>${id}`);
      if (!oneWay) this.#cut.add(`${id}>${victim.id}`);
    }
  }

  #heal(): void {
    this.#isHealed = true;
    this.#cut.clear();
    for (const player of this.#players) {
      if (!player.isUp) player.start();
    }
  }
}

/** One step per downbeat between the two; with none lost on the way that is one step. */
function isReachable(from: SimBeat, to: SimBeat): boolean {
  let tempoBpm = from.tempoBpm;
  for (let bar = Math.floor(from.index / BAR); bar < Math.floor(to.index / BAR); bar += 1) {
    tempoBpm = towards(tempoBpm, to.tempoBpm);
  }
  return tempoBpm === to.tempoBpm;
}
