import { describe, expect, test } from 'vitest';
import { apply } from './apply.ts';
import {
  type Conductor,
  conduct,
  type Effect,
  type Facts,
  newConductor,
  proposalRefused,
  takeUp,
} from './conductor.ts';
import { type Entry } from './entry.ts';
import { type Score } from './score.ts';

const TERM = 3;
/** 100 ms a beat, beat 0 at 1,000 on the grid and on this node's clock. */
const SCORE = apply(
  undefined,
  { type: 'init', epoch: 1, anchor: { index: 0, at: 1_000 }, tempo: 600, bar_length: 4 },
  1,
).score as Score;

class Rehearsal {
  conductor: Conductor = takeUp(newConductor('me', 'boot'), { term: TERM, offsetMs: 0 }, 0);
  score: Score = SCORE;
  facts: Partial<Facts> = {};

  /** What is asked for at this time, one word per effect. */
  at(nowMs: number, facts: Partial<Facts> = {}): string[] {
    const all: Facts = {
      nowMs,
      score: this.score,
      ledTerm: TERM,
      leaseUntilMs: nowMs + 100,
      isWired: true,
      leadMs: 20,
      isClosing: false,
      ...this.facts,
      ...facts,
    };
    const { conductor, effects } = conduct(this.conductor, all);
    this.conductor = conductor;
    return effects.map(wordOf);
  }

  commit(entry: Entry, term = TERM): void {
    this.score = apply(this.score, entry, term).score as Score;
  }

  reserve(index: number, { node = 'me', boot = 'boot', term = TERM } = {}): void {
    this.commit({ type: 'reserve', index, node, boot }, term);
  }
}

function wordOf(effect: Effect): string {
  switch (effect.type) {
    case 'propose':
      return effect.entry.type === 'reserve' ? `reserve ${effect.entry.index}` : effect.entry.type;
    case 'prepare':
      return `prepare ${effect.index}`;
    case 'publish':
      return effect.missed === 0
        ? `publish ${effect.index}`
        : `publish ${effect.index} after ${effect.missed} missed`;
    case 'missed':
      return `${effect.index} missed by ${effect.obstacle}`;
    case 'wake':
      return `${effect.exact ? 'wake exactly' : 'wake'} ${effect.atMs}`;
    default:
      return 'nothing';
  }
}

describe('a conductor', () => {
  test('reserves shortly before the beat, publishes at the beat, and looks for the next', () => {
    const play = new Rehearsal();
    expect(play.at(900)).toEqual(['wake 980']);
    expect(play.at(980)).toEqual(['reserve 0', 'wake 1050']);
    play.reserve(0);
    expect(play.at(982)).toEqual(['prepare 0', 'wake exactly 1000']);
    expect(play.at(1_000)).toEqual(['publish 0', 'wake 1080']);
    expect(play.at(1_080)).toEqual(['reserve 1', 'wake 1150']);
  });

  test.each([
    { name: 'without a score', facts: { score: undefined } },
    { name: 'when it does not lead', facts: { ledTerm: undefined } },
    { name: 'when it leads another term', facts: { ledTerm: TERM + 1 } },
  ])('does nothing $name', ({ facts }) => {
    expect(new Rehearsal().at(980, facts)).toEqual([]);
  });

  test.each([
    { name: 'of another node', by: { node: 'other' } },
    { name: 'of an earlier life of its own', by: { boot: 'before' } },
    { name: 'of an earlier term', by: { term: TERM - 1 } },
  ])('a reservation $name does not count', ({ by }) => {
    const play = new Rehearsal();
    play.at(980);
    play.reserve(0, by);
    expect(play.at(985)).toEqual(['wake 1080']);
  });

  test('a reservation that is not applied is not enough', () => {
    const play = new Rehearsal();
    play.at(980);
    expect(play.at(1_000)).toEqual(['wake 1050']);
    play.reserve(0);
    expect(play.at(1_030)).toEqual(['prepare 0', 'publish 0', 'wake 1080']);
  });

  test.each([
    { name: 'lease', facts: { leaseUntilMs: undefined } },
    { name: 'lease', facts: { leaseUntilMs: 1_000 } },
    { name: 'broker', facts: { isWired: false } },
  ])('without $name it waits for half a beat, then leaves the beat out and counts it', ({ name, facts }) => {
    const play = new Rehearsal();
    play.at(980);
    play.reserve(0);
    expect(play.at(1_000, facts)).toEqual(['prepare 0', 'wake 1005']);
    expect(play.at(1_005, facts)).toEqual(['wake 1010']);
    expect(play.at(1_050, facts)).toEqual([`0 missed by ${name}`, 'wake 1080']);
    play.at(1_080);
    play.reserve(1);
    expect(play.at(1_100)).toEqual(['prepare 1', 'publish 1 after 1 missed', 'wake 1180']);
  });

  test('a lease that comes back in time saves the beat', () => {
    const play = new Rehearsal();
    play.at(980);
    play.reserve(0);
    play.at(1_000, { leaseUntilMs: 990 });
    expect(play.at(1_005)).toEqual(['publish 0', 'wake 1080']);
  });

  test('what it slept through is never sent afterwards', () => {
    const play = new Rehearsal();
    play.at(980);
    play.reserve(0);
    play.at(982);
    expect(play.at(1_560)).toEqual(['0 missed by late', 'wake 1580']);
    play.at(1_580);
    play.reserve(6);
    expect(play.at(1_600)).toEqual(['prepare 6', 'publish 6 after 6 missed', 'wake 1680']);
  });

  test('a commit that never comes is given up after half a beat', () => {
    const play = new Rehearsal();
    play.at(980);
    expect(play.at(1_050)).toEqual(['0 missed by commit', 'wake 1080']);
    // It comes after all, too late: the next index is the one to play.
    play.reserve(0);
    expect(play.at(1_080)).toEqual(['reserve 1', 'wake 1150']);
  });

  test('a refused proposal is tried again soon', () => {
    const play = new Rehearsal();
    play.at(980);
    play.conductor = proposalRefused(play.conductor, 980);
    expect(play.at(981)).toEqual(['wake 985']);
    expect(play.at(985)).toEqual(['reserve 0', 'wake 1050']);
  });

  test('takes over a beat that is a little late rather than losing it', () => {
    const play = new Rehearsal();
    expect(play.at(1_012)).toEqual(['reserve 0', 'wake 1050']);
    play.reserve(0);
    expect(play.at(1_014)).toEqual(['prepare 0', 'publish 0', 'wake 1080']);
  });

  test('starts above what the leader before it has reserved', () => {
    const play = new Rehearsal();
    play.reserve(7, { node: 'other', term: TERM - 1 });
    play.conductor = takeUp(play.conductor, { term: TERM, offsetMs: 0 }, 7);
    expect(play.at(1_690)).toEqual(['wake 1780']);
    play.at(1_780);
    play.reserve(8);
    // Nobody has heard beat 7: it is named.
    expect(play.at(1_800)).toEqual(['prepare 8', 'publish 8 after 1 missed', 'wake 1880']);
  });

  test('the lead leaves room at a high tempo', () => {
    expect(new Rehearsal().at(940, { leadMs: 80 })).toEqual(['wake 950']);
  });

  test('a clock that went back does not silence it until the time comes again', () => {
    const play = new Rehearsal();
    play.reserve(50, { term: TERM - 1 });
    expect(play.at(1_000)).toEqual(['tempo', 'wake 1050']);
    expect(play.at(1_040)).toEqual(['wake 1050']);
    play.commit({ type: 'tempo', at_beat: 51, tempo: 600, anchor: { index: 51, at: 1_100 } });
    expect(play.at(1_080)).toEqual(['reserve 51', 'wake 1150']);
  });

  test('at the end it sends what it has reserved and begins nothing', () => {
    const play = new Rehearsal();
    play.at(980);
    play.facts = { isClosing: true };
    play.reserve(0);
    expect(play.at(982)).toEqual(['prepare 0', 'wake exactly 1000']);
    expect(play.at(1_000)).toEqual(['publish 0']);
    expect(play.at(1_080)).toEqual([]);
  });
});
