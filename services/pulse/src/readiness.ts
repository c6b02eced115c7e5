import { type Readiness } from '@whoosh/lifecycle';
import { type Notice, type Picture } from './metronome/messages.ts';

/** A beat may be late by a take-over; this much silence beyond two beats is a fault. */
const SILENCE_SLACK_MS = 1_000;
const SILENCE_BEATS = 2;

/** Whether this node can do its part: a leader is known, a broker is there, and beats are on the wire. */
export class BeatWatch {
  #picture: Picture | undefined;
  #beatMs = 0;
  #lastBeatAtMs: number | undefined;
  #leaderSinceMs: number | undefined;

  constructor(readiness: Readiness) {
    readiness.check('quorum', () => this.#quorum());
    readiness.check('broker', () => this.#broker());
    readiness.check('beat', () => this.#beat());
  }

  hear(notice: Notice): void {
    if (notice.type === 'role' || notice.type === 'started') this.#see(notice.picture);
    if (notice.type === 'sent' || notice.type === 'heard') {
      this.#lastBeatAtMs = performance.now();
      this.#beatMs = 60_000 / notice.tempoBpm;
    }
  }

  #see(picture: Picture): void {
    this.#picture = picture;
    if (picture.leader === null) this.#leaderSinceMs = undefined;
    else this.#leaderSinceMs ??= performance.now();
    if (picture.tempoBpm !== null) this.#beatMs = 60_000 / picture.tempoBpm;
  }

  #quorum(): true | string {
    return this.#picture?.hasQuorum === true || 'no leader: this node sees no quorum';
  }

  #broker(): true | string {
    return this.#picture?.nats.some(({ connected }) => connected) === true || 'no broker can be reached';
  }

  #beat(): true | string {
    const sinceMs = Math.max(this.#lastBeatAtMs ?? 0, this.#leaderSinceMs ?? 0);
    if (this.#leaderSinceMs === undefined || this.#beatMs === 0) return 'no beat yet';
    const silentMs = performance.now() - sinceMs;
    if (silentMs <= SILENCE_BEATS * this.#beatMs + SILENCE_SLACK_MS) return true;
    return `no beat for ${Math.round(silentMs)} ms`;
  }
}
