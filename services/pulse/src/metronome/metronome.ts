import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { readSigner } from '@whoosh/backbeat-sdk/keys';
import { decodeFull, encodeFull, encodeWire, type Hlc } from 'hlc-ts';
import { type Raft, startRaft } from 'raft-ts/node';
import {
  type Conductor,
  conduct,
  type Effect,
  expectedAt,
  heardBeat,
  layDown,
  newConductor,
  proposalRefused,
  takeUp,
  takeUpOffsetMs,
  unsentFrom,
} from '../domain/conductor.ts';
import { encodeEntry, type Entry } from '../domain/entry.ts';
import { firstEntry } from '../domain/first-entry.ts';
import { LeadTime } from '../domain/lead-time.ts';
import { beatMs, segmentAt } from '../domain/score.ts';
import { BarKeeper } from './bar-keeper.ts';
import { BeatWires } from './beat-wires.ts';
import { openClock } from './clock.ts';
import { CutOff } from './cut-off.ts';
import { ExactTimer } from './exact-timer.ts';
import { type PreparedFrame, prepareFrame } from './frame.ts';
import { HeardGrid, readBeat } from './heard-grid.ts';
import { Jitter } from './jitter.ts';
import { type AppliedEntry, ScoreMachine } from './machine.ts';
import {
  type LogLevel,
  type MetronomeReply,
  type MetronomeRequest,
  type MetronomeSettings,
  type Notice,
  type Picture,
} from './messages.ts';
import { OwnBeats } from './own-beats.ts';
import { pictureOf } from './picture.ts';
import { RefusedPeers } from './refused-peers.ts';
import { TempoDesk } from './tempo-desk.ts';

/** At the end a reserved beat is still sent; a reservation is made at most this long before its beat. */
const FINISH_TIMEOUT_MS = 200;
const FINISH_CHECK_MS = 2;

/** The driver of the conductor: owns Raft, the clock and the connections that beats travel on. */
export class Metronome implements AsyncDisposable {
  readonly #settings: MetronomeSettings;
  readonly #tell: (notice: Notice) => void;
  readonly #clock: Hlc;
  readonly #machine: ScoreMachine;
  readonly #wires: BeatWires;
  readonly #timer = new ExactTimer(() => this.#advance());
  readonly #grid = new HeardGrid();
  readonly #lead = new LeadTime();
  readonly #jitter = new Jitter();
  readonly #own = new OwnBeats();
  readonly #boot = randomBytes(8).toString('hex');
  readonly #cutOff: CutOff;
  readonly #bars: BarKeeper;
  #conductor: Conductor;
  #running: ({ readonly raft: Raft } & AsyncDisposable) | undefined;
  #desk: TempoDesk | undefined;
  #refused: RefusedPeers | undefined;
  #ledTerm: number | undefined;
  #prepared: PreparedFrame | undefined;
  #proposed: { readonly index: number; readonly atMs: number } | undefined;
  #driftMs: number | null = null;
  /** Since when some broker was there without a break. */
  #listeningSinceMs = Number.POSITIVE_INFINITY;
  #heir = 0;
  #isAdvancing = false;
  #isClosing = false;

  private constructor(settings: MetronomeSettings, tell: (notice: Notice) => void) {
    this.#settings = settings;
    this.#tell = tell;
    this.#clock = openClock(settings.directory, settings.node, (problem) => this.#log('warn', problem, {}));
    this.#conductor = newConductor(settings.node, this.#boot);
    this.#machine = new ScoreMachine((applied) => this.#applied(applied));
    this.#bars = new BarKeeper(settings.barLength, (message, fields) => this.#log('warn', message, fields));
    this.#cutOff = new CutOff(() => this.#handOver());
    this.#wires = new BeatWires({
      servers: settings.natsServers,
      auth: settings.natsAuth,
      name: `pulse ${settings.node} beat`,
      subject: settings.subject,
      signer: settings.signing && readSigner(settings.signing.keyName, settings.signing.privateKey),
      onHeard: (message) => this.#heard(message.string(), message.headers?.get('Backbeat-Hlc') ?? ''),
      onHedged: () => tell({ type: 'hedged' }),
      onReconnected: (server) => this.#wired(server),
      onDisconnected: (server) => this.#unwired(server),
    });
  }

  /** Resolves when Raft runs; a node alone leads then. `onFailure`: the node has stopped for good. */
  static async start(
    settings: MetronomeSettings,
    tell: (notice: Notice) => void,
    onFailure: (failure: Error) => void,
  ): Promise<Metronome> {
    const metronome = new Metronome(settings, tell);
    const { cluster, node, peers, raftBind, raftProtection, directory } = settings;
    // Raft may lead before it is returned: until then changes of role are only remembered.
    let ledTerm: number | undefined;
    metronome.#running = await startRaft({
      clusterId: cluster,
      node,
      peers,
      directory,
      bind: raftBind,
      machine: metronome.#machine,
      ...raftProtection,
      onLeading: (term) => {
        ledTerm = term;
        metronome.#leading(term);
      },
      onRole: ({ role }) => metronome.#roleChanged(role),
      onFailure,
    });
    const { raft } = metronome.#running;
    metronome.#refused = new RefusedPeers({
      counted: () => raft.transport.counters.refused,
      tell: (reason, count) => tell({ type: 'raft_refused', reason, count }),
    });
    metronome.#desk = new TempoDesk({
      raft,
      machine: metronome.#machine,
      limits: settings.limits,
      leading: () => metronome.#leadership(),
    });
    if (ledTerm !== undefined) metronome.#leading(ledTerm);
    return metronome;
  }

  get #raft(): Raft | undefined {
    return this.#running?.raft;
  }

  picture(): Picture {
    const raft = this.#raft;
    if (raft === undefined) throw new Error('the metronome has not started');
    const { cluster, node, limits } = this.#settings;
    const indices = [this.#own.lastIndex, this.#grid.last?.index].filter((index) => index !== undefined);
    return pictureOf({
      raft,
      cluster,
      node,
      score: this.#machine.score,
      limits,
      lastIndex: indices.length === 0 ? undefined : Math.max(...indices),
      hlc: encodeWire(this.#clock.now()),
      driftMs: this.#driftMs,
      jitterMs: this.#jitter.quantiles(),
      isWired: this.#wires.isConnected,
      nats: this.#wires.states,
      leadMs: this.#lead.ms,
      refusedPeers: this.#refused?.recent(performance.now()) ?? [],
    });
  }

  async answer(request: MetronomeRequest): Promise<MetronomeReply> {
    if (this.#desk === undefined) return { kind: 'unavailable', reason: 'the node is still starting' };
    if (request.op === 'picture') return { kind: 'picture', picture: this.picture() };
    if (request.op === 'set_tempo') return this.#desk.setTempo(request.tempoBpm, request.ramp);
    return this.#desk.cancelRamp();
  }

  #leadership(): { gridTime: number; leadMs: number } | undefined {
    const { leads } = this.#conductor;
    if (leads === undefined || this.#termLed() !== leads.term) return undefined;
    return { gridTime: performance.now() - leads.offsetMs, leadMs: this.#lead.ms };
  }

  /** The term whose own first entry is applied, while this node still leads it. */
  #termLed(): number | undefined {
    const status = this.#raft?.status();
    return status?.role === 'leader' && status.term === this.#ledTerm ? status.term : undefined;
  }

  #leading(term: number): void {
    if (this.#raft === undefined) return;
    this.#ledTerm = term;
    const { score } = this.#machine;
    const nowMs = performance.now();
    const heardMs = score && this.#grid.offsetMs(score.epoch);
    const offsetMs = takeUpOffsetMs(score, nowMs, {
      // A beat is heard later than it is sent: without this the grid would go back a little at every take-over.
      heardMs: heardMs === undefined ? undefined : heardMs - this.#wires.deliveryMs,
      wallMs: nowMs - Date.now(),
    });
    const heard = { last: this.#grid.last, listeningSinceMs: this.#listeningSinceMs };
    this.#conductor = takeUp(this.#conductor, { term, offsetMs }, expectedAt(score, heard, offsetMs));
    if (score === undefined) {
      const { tempoBpm, barLength } = this.#settings;
      this.#offer(firstEntry({ epoch: Date.now(), gridTime: nowMs - offsetMs, tempoBpm, barLength }));
    }
    this.#tellRole();
    this.#soon();
  }

  #roleChanged(role: string): void {
    if (role !== 'leader') {
      this.#ledTerm = undefined;
      this.#conductor = layDown(this.#conductor);
    }
    this.#cutOff.update(role === 'leader', this.#wires.isConnected);
    if (this.#raft !== undefined) this.#tellRole();
  }

  #tellRole(): void {
    this.#tell({ type: 'role', picture: this.picture() });
  }

  #applied({ entry, term, refused }: AppliedEntry): void {
    if (entry.type === 'reserve' && this.#proposed?.index === entry.index && entry.boot === this.#boot) {
      const commitMs = performance.now() - this.#proposed.atMs;
      this.#lead.observe(commitMs);
      this.#tell({ type: 'committed', ms: commitMs });
    }
    // What is read again from the log at a start is no news.
    if (entry.type !== 'reserve' && this.#raft !== undefined) {
      this.#log('info', 'the score changed', { entry, term, refused });
    }
    this.#soon();
  }

  /** After Raft has finished its round: it must not be entered from within. */
  #soon(): void {
    queueMicrotask(() => this.#advance());
  }

  #advance(): void {
    if (this.#isAdvancing || this.#raft === undefined) return;
    this.#isAdvancing = true;
    const { conductor, effects } = conduct(this.#conductor, {
      nowMs: performance.now(),
      score: this.#machine.score,
      ledTerm: this.#termLed(),
      leaseUntilMs: this.#raft.leaseUntilMs(),
      isWired: this.#wires.isConnected,
      leadMs: this.#lead.ms,
      isClosing: this.#isClosing,
    });
    this.#conductor = conductor;
    for (const effect of effects) this.#perform(effect);
    this.#isAdvancing = false;
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'wake':
        this.#timer.arm(effect.atMs, effect.exact);
        return;
      case 'propose':
        this.#propose(effect.entry);
        return;
      case 'prepare':
        this.#prepare(effect.index, effect.missed);
        return;
      case 'publish':
        this.#publish(effect);
        return;
      case 'missed':
        this.#log('warn', 'a beat could not be sent', { index: effect.index, obstacle: effect.obstacle });
    }
  }

  #propose(entry: Entry): void {
    const atMs = performance.now();
    if (entry.type === 'reserve') this.#proposed = { index: entry.index, atMs };
    if (this.#offer(entry)) return;
    this.#conductor = proposalRefused(this.#conductor, atMs);
    this.#soon();
  }

  #offer(entry: Entry): boolean {
    return this.#raft?.offer(encodeEntry(entry)).ok === true;
  }

  #prepare(index: number, missed: number): void {
    const { score } = this.#machine;
    if (score === undefined) return;
    const { cluster, node, version } = this.#settings;
    const facts = { cluster, node, version, term: this.#ledTerm ?? 0, missed };
    this.#prepared = prepareFrame(score, index, facts);
    // Now and not at the beat: this reading may have to move the clock's bound on disk.
    this.#clock.now();
  }

  #publish({ index, missed, atMs }: Extract<Effect, { type: 'publish' }>): void {
    // A connection that broke since then may have taken an earlier beat with it.
    if (this.#prepared?.missed !== missed) this.#prepare(index, missed);
    const prepared = this.#prepared;
    const { score } = this.#machine;
    if (prepared?.index !== index || score === undefined) return;
    const hlc = this.#clock.now();
    const payload = prepared.head + encodeWire(hlc) + prepared.tail;
    const sentAtMs = performance.now();
    if (!this.#wires.publish(payload, encodeFull(hlc), prepared.messageId)) {
      this.#log('warn', 'a beat had no broker to go to', { index });
      this.#conductor = unsentFrom(this.#conductor, index);
      return;
    }
    this.#own.said(index, sentAtMs);
    const lateMs = sentAtMs - atMs;
    this.#jitter.observe(lateMs);
    const { tempoBpm } = segmentAt(score, index);
    this.#tell({ type: 'sent', index, lateMs, missed, tempoBpm, beatMs: beatMs(tempoBpm) });
    this.#adjustBars();
  }

  /** A bar length other than the configured one is changed at the next downbeat. */
  #adjustBars(): void {
    const { score } = this.#machine;
    const leading = this.#leadership();
    if (score === undefined || leading === undefined) return;
    const entry = this.#bars.plan(score, leading.gridTime + 2 * leading.leadMs);
    if (entry !== undefined) this.#offer(entry);
  }

  #heard(text: string, hlc: string): void {
    const arrivalMs = performance.now();
    const beat = readBeat(text, this.#settings.cluster);
    if (typeof beat === 'string') return this.#tell({ type: 'ignored', reason: beat });
    const hearing = this.#grid.hear(beat, arrivalMs, this.#machine.score?.epoch);
    if (!hearing.counts) return this.#tell({ type: 'ignored', reason: hearing.reason });
    this.#conductor = heardBeat(this.#conductor, beat.index);
    const own = this.#own.heard(beat.index, arrivalMs);
    if (own === null) this.#follow(hlc);
    const { driftMs } = hearing;
    this.#driftMs = driftMs;
    this.#tell({ type: 'heard', index: beat.index, tempoBpm: beat.tempoBpm, deliveryMs: own, driftMs });
  }

  #follow(hlc: string): void {
    const remote = decodeFull(hlc);
    if (remote !== undefined && !this.#clock.updateChecked(remote).ok) {
      this.#log('warn', 'the clock of the leader is far ahead of this one', { hlc });
    }
  }

  #wired(server: string): void {
    this.#listeningSinceMs = Math.min(this.#listeningSinceMs, performance.now());
    this.#tell({ type: 'reconnected' });
    this.#wireChanged('info', 'a broker is connected', server);
  }

  #unwired(server: string): void {
    if (!this.#wires.isConnected) {
      this.#listeningSinceMs = Number.POSITIVE_INFINITY;
      const lost = this.#own.lost();
      if (lost !== undefined) this.#conductor = unsentFrom(this.#conductor, lost);
    }
    this.#wireChanged('warn', 'a broker is away', server);
  }

  #wireChanged(level: LogLevel, message: string, server: string): void {
    this.#log(level, message, { server });
    if (this.#raft === undefined) return;
    this.#cutOff.update(this.#raft.status().role === 'leader', this.#wires.isConnected);
    this.#tellRole();
    this.#soon();
  }

  /** To one peer after the other, until one leads that sees a broker. */
  #handOver(): void {
    const raft = this.#raft;
    const others = raft?.membership.peers.filter(({ name }) => name !== this.#settings.node) ?? [];
    if (raft === undefined || others.length === 0) return;
    this.#heir += 1;
    const { name } = others[this.#heir % others.length] as { name: string };
    this.#log('warn', 'no broker can be reached: leadership goes to a peer', { peer: name });
    raft.transferLeadership(name);
  }

  #log(level: LogLevel, message: string, fields: object): void {
    this.#tell({ type: 'log', level, message, fields });
  }

  /** Sends what it has reserved, hands leadership over, closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    this.#advance();
    const deadline = performance.now() + FINISH_TIMEOUT_MS;
    const isBusy = (): boolean => (this.#conductor.target?.stage ?? 'planned') !== 'planned';
    while (isBusy() && performance.now() < deadline) await delay(FINISH_CHECK_MS);
    this.#timer.disarm();
    this.#cutOff.stop();
    this.#refused?.[Symbol.dispose]();
    await this.#raft?.stop();
    await this.#running?.[Symbol.asyncDispose]();
    await this.#wires[Symbol.asyncDispose]();
  }
}
