import { type Bus } from '@whoosh/bus';
import {
  detailsBody,
  healthBody,
  readinessBody,
  type BeatHealth,
  type ReplicaHealth,
} from '../domain/health.ts';
import { type BeatWatch } from '../events/beat-watch.ts';

/** A process that has not answered after this long counts as away. */
const DISCOVERY_MS = 400;
/** Probes come often and from several sides; the bus is asked at most this often. */
const KEPT_MS = 2_000;

/** Answers the three health questions from what the processes say of themselves. */
export class HealthDesk {
  readonly #bus: Bus;
  readonly #beats: BeatWatch;
  readonly #version: string;
  #found: { readonly atMs: number; readonly replicas: Promise<ReplicaHealth[]> } | undefined;

  constructor({ bus, beats, version }: { bus: Bus; beats: BeatWatch; version: string }) {
    this.#bus = bus;
    this.#beats = beats;
    this.#version = version;
  }

  health() {
    return healthBody(this.#version, this.#beat());
  }

  async readiness() {
    const isConnected = this.#bus.isConnected();
    return readinessBody(isConnected, isConnected ? await this.#replicas() : []);
  }

  async details() {
    const isBusConnected = this.#bus.isConnected();
    const replicas = isBusConnected ? await this.#replicas() : [];
    return detailsBody({
      version: this.#version,
      nowMs: Date.now(),
      isBusConnected,
      beat: this.#beat(),
      replicas,
    });
  }

  #beat(): BeatHealth {
    const { enabled, connected, beat_index, target_bpm } = this.#beats.status();
    return { enabled, connected, currentBeat: beat_index, currentTempo: target_bpm };
  }

  async #replicas(): Promise<ReplicaHealth[]> {
    const nowMs = performance.now();
    if (this.#found === undefined || nowMs - this.#found.atMs > KEPT_MS) {
      this.#found = { atMs: nowMs, replicas: this.#discover() };
    }
    return this.#found.replicas;
  }

  async #discover(): Promise<ReplicaHealth[]> {
    // The bus may go away in the middle of asking; then nobody answered.
    const found = await this.#bus.discover(DISCOVERY_MS).catch(() => []);
    return found.map(({ name, id, version, started, health }) => ({
      service: name,
      instance: id,
      version,
      started,
      status: health?.status ?? 'unknown',
      dependencies: health?.dependencies ?? {},
      details: health?.details ?? {},
    }));
  }
}
