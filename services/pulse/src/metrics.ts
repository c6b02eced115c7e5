import { unreachable } from '@whoosh/stdx';
import { Counter, Gauge, Histogram, type Registry } from '@whoosh/telemetry';
import { Objectives, SLOS } from './domain/objectives.ts';
import { type Notice, type Picture } from './metronome/messages.ts';

const MS = 1_000;
const JITTER_BUCKETS = [0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5];
const DELIVERY_BUCKETS = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1];

/** What pulse counts; names and meanings are in the README. */
export class PulseMetrics {
  readonly #beats: Counter;
  readonly #missed: Counter;
  readonly #jitter: Histogram;
  readonly #delivery: Histogram;
  readonly #commit: Histogram;
  readonly #isLeader: Gauge;
  readonly #hasQuorum: Gauge;
  readonly #term: Gauge;
  readonly #tempo: Gauge;
  readonly #drift: Gauge;
  readonly #elections: Counter;
  readonly #reconnects: Counter;
  readonly #hedged: Counter;
  readonly #copies: Counter;
  readonly #refused: Counter<'reason'>;
  readonly #raftRefused: Counter<'reason'>;
  /** Whether the objectives are met; the gauge `backbeat_slo_met` and the status say the same. */
  readonly objectives = new Objectives();
  #connects = 0;
  #electedTerm = 0;

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = (name: string, help: string) => new Counter({ name, help, registers });
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
    const histogram = (name: string, help: string, buckets: number[]) =>
      new Histogram({ name, help, buckets, registers });
    this.#beats = counter('backbeat_beats_total', 'Beats sent by this node');
    this.#missed = counter('backbeat_beats_missed_total', 'Beats that nobody sent, named by this node');
    this.#jitter = histogram(
      'backbeat_pulse_jitter_seconds',
      'How far from its grid time a beat was sent',
      JITTER_BUCKETS,
    );
    this.#delivery = histogram(
      'backbeat_beat_delivery_seconds',
      'From sending a beat to hearing it through the broker',
      DELIVERY_BUCKETS,
    );
    this.#commit = histogram(
      'backbeat_reservation_commit_seconds',
      'From proposing a reservation to its application',
      DELIVERY_BUCKETS,
    );
    this.#isLeader = gauge('backbeat_is_leader', '1 on the node that leads');
    this.#hasQuorum = gauge('backbeat_has_quorum', '1 while this node knows a leader');
    this.#term = gauge('backbeat_raft_term', 'Raft term');
    this.#tempo = gauge('backbeat_current_tempo_bpm', 'Tempo in beats per minute');
    this.#drift = gauge(
      'backbeat_tempo_drift_seconds',
      'Arrival of the last beat against the estimated grid, positive is late',
    );
    this.#elections = counter('backbeat_elections_total', 'Terms in which this node saw a leader elected');
    this.#reconnects = counter('backbeat_reconnects_total', 'Connections to the broker made again');
    const slo = new Gauge({
      name: 'backbeat_slo_met',
      help: '1 while the objective was met over the last five minutes',
      labelNames: ['slo'],
      registers,
      collect: () => {
        const met = this.objectives.met(performance.now());
        for (const name of SLOS) slo.set({ slo: name }, met[name] ? 1 : 0);
      },
    });
    this.#hedged = counter('backbeat_beats_hedged_total', 'Beats said again on the second connection');
    this.#copies = counter('backbeat_beat_copies_total', 'Copies heard and ignored');
    this.#refused = new Counter({
      name: 'backbeat_frames_refused_total',
      help: 'Frames heard that do not go on from what this node knows, or are none of the cluster',
      labelNames: ['reason'],
      registers,
    });
    this.#raftRefused = new Counter({
      name: 'backbeat_raft_refused_total',
      help: 'Connections between nodes that were refused, and those of this node that a peer turned away',
      labelNames: ['reason'],
      registers,
    });
  }

  hear(notice: Notice): void {
    switch (notice.type) {
      case 'sent':
        this.#beats.inc();
        this.#missed.inc(notice.missed);
        this.#jitter.observe(Math.abs(notice.lateMs) / MS);
        this.objectives.add('jitter', notice.lateMs, performance.now());
        this.#tempo.set(notice.tempoBpm);
        return;
      case 'heard':
        this.#tempo.set(notice.tempoBpm);
        if (notice.deliveryMs !== null) {
          this.#delivery.observe(notice.deliveryMs / MS);
          this.objectives.add('delivery', notice.deliveryMs, performance.now());
        }
        if (notice.driftMs !== null) this.#drift.set(notice.driftMs / MS);
        return;
      case 'committed':
        this.#commit.observe(notice.ms / MS);
        return;
      case 'hedged':
        this.#hedged.inc();
        return;
      case 'ignored':
        if (notice.reason === 'seen') this.#copies.inc();
        else this.#refused.inc({ reason: notice.reason });
        return;
      case 'raft_refused':
        this.#raftRefused.inc({ reason: notice.reason }, notice.count);
        return;
      case 'started':
      case 'role':
        this.#show(notice.picture);
        return;
      case 'answer':
      case 'log':
      case 'reconnected':
      case 'stopped':
        return;
      default:
        unreachable(notice);
    }
  }

  /** A connection was made; the first of each of the two is none made again. */
  connected(connections: number): void {
    this.#connects += 1;
    if (this.#connects > connections) this.#reconnects.inc();
  }

  #show({ role, hasQuorum, term, leader, tempoBpm }: Picture): void {
    this.#isLeader.set(role === 'leader' ? 1 : 0);
    this.#hasQuorum.set(hasQuorum ? 1 : 0);
    this.#term.set(term);
    if (tempoBpm !== null) this.#tempo.set(tempoBpm);
    if (leader === null || term === this.#electedTerm) return;
    this.#electedTerm = term;
    this.#elections.inc();
  }
}
