import { type Bus, type CallContext } from '@whoosh/bus';
import { backbeat, CallError, type Principal, type ReplyOf, type RequestOf } from '@whoosh/contracts';
import { type Log } from '@whoosh/telemetry';
import { requireAdmin } from './domain/may-conduct.ts';
import { type Slo } from './domain/objectives.ts';
import { type TempoRange } from './domain/tempo.ts';
import { type MetronomeThread } from './metronome-thread.ts';
import { type MetronomeReply, type Picture } from './metronome/messages.ts';

type TempoAccepted = ReplyOf<typeof backbeat.setTempo>;

export interface PulseOptions {
  readonly cluster: string;
  readonly node: string;
  readonly metronome: MetronomeThread;
  readonly startedAtMs: number;
  /** Whether the objectives of the beats that this node sent are met. */
  readonly slo: () => Record<Slo, boolean>;
  /** An admin token is configured: only admins change the tempo. */
  readonly isGuarded: boolean;
  readonly log: Log;
}

type TempoWish = RequestOf<typeof backbeat.setTempo>;

/** Longer than a commit, shorter than a caller's patience. */
const FORWARD_TIMEOUT_MS = 3_000;
/** An operator's call during an election waits for the new leader that long. */
const ELECTION_PATIENCE_MS = 1_000;
const ELECTION_CHECK_MS = 25;

/** What a pulse does for others, over the bus and over HTTP alike: the leader acts, the others forward to it. */
export class Pulse {
  readonly #options: PulseOptions;
  #bus: Bus | undefined;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** Answers the calls of the cluster; those forwarded by other nodes come on a subject of this node's own. */
  serve(bus: Bus): void {
    this.#bus = bus;
    const { cluster, node } = this.#options;
    const tempo = backbeat.setTempo.subject.at({ cluster });
    const cancel = backbeat.cancelRamp.subject.at({ cluster });
    const require = ({ principal }: CallContext): void => requireAdmin(this.#options.isGuarded, principal);
    bus.serveAt(tempo, backbeat.setTempo, (change, call) => {
      require(call);
      return this.setTempo(change, call.principal);
    });
    bus.serveAt(cancel, backbeat.cancelRamp, (_, call) => {
      require(call);
      return this.cancelRamp(call.principal);
    });
    const status = backbeat.getPulseStatus.subject.at({ cluster });
    for (const at of [status, `${status}.${backbeat.nodeToken(node)}`]) {
      bus.serveAt(at, backbeat.getPulseStatus, () => this.status());
    }
    bus.serveAt(`${tempo}.${backbeat.nodeToken(node)}`, backbeat.setTempo, (change, call) => {
      require(call);
      return this.#setTempoHere(change);
    });
    bus.serveAt(`${cancel}.${backbeat.nodeToken(node)}`, backbeat.cancelRamp, (_, call) => {
      require(call);
      return this.#cancelRampHere();
    });
  }

  async status(): Promise<backbeat.PulseStatus> {
    const reply = await this.#options.metronome.ask({ op: 'picture' });
    if (reply.kind !== 'picture') throw failureOf(reply);
    return this.#statusOf(reply.picture);
  }

  /** `by`: who asked; undefined where nobody has to say. The leader is told when the change is forwarded. */
  async setTempo(change: TempoWish, by: Principal | undefined): Promise<TempoAccepted> {
    const accepted = await this.#atLeader(
      () => this.#setTempoHere(change),
      (bus, leader) =>
        bus.callAt(
          `${backbeat.setTempo.subject.at({ cluster: this.#options.cluster })}.${backbeat.nodeToken(leader)}`,
          backbeat.setTempo,
          change,
          { timeoutMs: FORWARD_TIMEOUT_MS, principal: by },
        ),
    );
    const { reason = null, ...wish } = change;
    this.#options.log.info({ ...wish, reason, by: nameOf(by), at_beat: accepted.at_beat }, 'tempo changes');
    return accepted;
  }

  async cancelRamp(by: Principal | undefined): Promise<{ cancelled: boolean }> {
    const reply = await this.#atLeader(
      () => this.#cancelRampHere(),
      (bus, leader) =>
        bus.callAt(
          `${backbeat.cancelRamp.subject.at({ cluster: this.#options.cluster })}.${backbeat.nodeToken(leader)}`,
          backbeat.cancelRamp,
          {},
          { timeoutMs: FORWARD_TIMEOUT_MS, principal: by },
        ),
    );
    if (reply.cancelled) this.#options.log.info({ by: nameOf(by) }, 'ramp cancelled');
    return reply;
  }

  async #atLeader<Reply>(
    here: () => Promise<Reply>,
    there: (bus: Bus, leader: string) => Promise<Reply>,
  ): Promise<Reply> {
    const leader = await this.#leader();
    if (leader === this.#options.node) return here();
    if (this.#bus === undefined) throw new CallError('unavailable', 'no broker: the leader cannot be asked');
    return there(this.#bus, leader);
  }

  async #leader(): Promise<string> {
    const deadline = performance.now() + ELECTION_PATIENCE_MS;
    for (;;) {
      const reply = await this.#options.metronome.ask({ op: 'picture' });
      if (reply.kind !== 'picture') throw failureOf(reply);
      if (reply.picture.leader !== null) return reply.picture.leader;
      if (performance.now() > deadline) throw new CallError('unavailable', 'the cluster has no leader');
      await new Promise((resolve) => setTimeout(resolve, ELECTION_CHECK_MS));
    }
  }

  async #setTempoHere({ tempo_bpm, ramp }: TempoWish): Promise<TempoAccepted> {
    const reply = await this.#options.metronome.ask({ op: 'set_tempo', tempoBpm: tempo_bpm, ramp });
    if (reply.kind !== 'tempo') throw failureOf(reply);
    const { tempoBpm, targetBpm, atBeat, atMs, ramp: isRamp } = reply.taken;
    return {
      tempo_bpm: tempoBpm,
      target_bpm: targetBpm,
      at_beat: atBeat,
      at: new Date(Math.round(atMs)).toISOString(),
      ramp: isRamp,
    };
  }

  async #cancelRampHere(): Promise<{ cancelled: boolean }> {
    const reply = await this.#options.metronome.ask({ op: 'cancel_ramp' });
    if (reply.kind !== 'ramp_cancelled') throw failureOf(reply);
    return { cancelled: reply.cancelled };
  }

  #statusOf(picture: Picture): backbeat.PulseStatus {
    const { cluster, node, startedAtMs } = this.#options;
    const { beat } = picture;
    return {
      cluster,
      node,
      role: picture.role,
      term: picture.term,
      leader: picture.leader,
      epoch: picture.epoch,
      beat_index: beat?.index ?? null,
      phase: beat?.phase ?? null,
      downbeat: beat?.downbeat ?? null,
      tempo_bpm: picture.tempoBpm,
      target_bpm: picture.targetBpm,
      ramp: rampOf(picture.ramp),
      tempo_range: rangeOf(picture.tempoRange),
      ramp_range: rangeOf(picture.rampRange),
      bar_length: picture.barLength,
      window_id: beat?.windowId ?? null,
      hlc: picture.hlc,
      drift_ms: picture.driftMs,
      jitter_ms: picture.jitterMs,
      degraded: picture.degraded,
      reason: picture.reason,
      peers: [...picture.peers],
      nats: [...picture.nats],
      slo: this.#options.slo(),
      uptime_seconds: (performance.now() - startedAtMs) / 1_000,
    };
  }
}

function nameOf(by: Principal | undefined): string {
  return by === undefined ? 'anybody' : `${by.kind}:${by.id}`;
}

function rampOf(ramp: Picture['ramp']): backbeat.PulseStatus['ramp'] {
  const next = ramp?.steps[0];
  if (ramp === null || next === undefined) return null;
  const steps = ramp.steps.map(({ tempoBpm, atBeat }) => ({ tempo_bpm: tempoBpm, at_beat: atBeat }));
  return { target_bpm: ramp.targetBpm, next_bpm: next.tempoBpm, at_beat: next.atBeat, steps };
}

function rangeOf(range: TempoRange | null): { min_bpm: number; max_bpm: number } | null {
  return range && { min_bpm: range.minBpm, max_bpm: range.maxBpm };
}

function failureOf(reply: MetronomeReply): CallError {
  switch (reply.kind) {
    case 'out_of_range': {
      const { minBpm, maxBpm } = reply.range;
      return new CallError(
        'conflict',
        `from ${reply.presentBpm} BPM the tempo may go to ${minBpm} … ${maxBpm} BPM`,
        {
          details: { tempo_bpm: reply.presentBpm, min_bpm: minBpm, max_bpm: maxBpm },
        },
      );
    }
    case 'elsewhere':
      return new CallError('unavailable', 'leadership has just changed, ask again');
    case 'unavailable':
      return new CallError('unavailable', reply.reason);
    case 'picture':
    case 'tempo':
    case 'ramp_cancelled':
      return new CallError('internal', 'the metronome gave another answer than it was asked for');
  }
}
