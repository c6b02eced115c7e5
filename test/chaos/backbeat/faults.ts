import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClusterUnderTest } from './cluster-under-test.ts';
import { type Fault } from './fault-plan.ts';
import { type LabProcess } from './lab-process.ts';
import { type Cable, type Host } from './namespaces.ts';
import { type Excuse, type HeardFrame } from './wire-rules.ts';

/** What was stopped or cut off may say late what it had begun: a retransmission of the kernel comes seconds afterwards. */
const EXCUSE_AFTER_MS = 3_000;
const FRAMES_FOR_THE_GRID = 12;
const DISK_ENDS_PULSE_MS = 15_000;
const FILL_CHUNK = Buffer.alloc(64 * 1024);

/** Does to the cluster what the plan says, and undoes it. */
export class Faults {
  readonly excuses: Excuse[] = [];
  /** What a fault itself must do and did not. */
  readonly violations: string[] = [];
  readonly #cluster: ClusterUnderTest;
  readonly #frames: readonly HeardFrame[];

  constructor(cluster: ClusterUnderTest, frames: readonly HeardFrame[]) {
    this.#cluster = cluster;
    this.#frames = frames;
  }

  /** Resolves when the cause is gone; whether the cluster has recovered is another matter. Tells whom it hit. */
  async commit(fault: Fault): Promise<string> {
    const { pulses, reverbs, brokers } = this.#cluster;
    const leader = (await this.#cluster.leader()) ?? pick(pulses, fault.victim);
    const anyPulse = pick(pulses, fault.victim);
    switch (fault.kind) {
      case 'kill_leader':
        return this.#kill(leader, fault);
      case 'kill_pulse':
        return this.#kill(anyPulse, fault);
      case 'kill_reverb':
        return this.#kill(pick(reverbs, fault.victim), fault);
      case 'stop_leader_at_beat':
        await delay(this.#untilNextBeatMs() + fault.aimMs);
        return this.#stop(leader, fault);
      case 'stop_pulse':
        return this.#stop(anyPulse, fault);
      case 'stop_reverb':
        return this.#stop(pick(reverbs, fault.victim), fault);
      case 'pull_raft':
        return this.#pull(leader, ['raft'], fault);
      case 'pull_nats':
        return this.#pull(leader, ['nats'], fault);
      case 'pull_both':
        return this.#pull(leader, ['raft', 'nats'], fault);
      case 'mute':
        return this.#mute(leader, fault);
      case 'disk_full':
        return this.#fillDisk(leader, fault);
      case 'kill_broker':
      case 'stop_broker': {
        const at = fault.victim % brokers.length;
        await this.#breakBroker(at, fault);
        return `b${at + 1}`;
      }
      case 'tempo':
        return this.#changeTempo(anyPulse, fault);
    }
  }

  async #kill(victim: LabProcess, { lengthMs }: Fault): Promise<string> {
    await victim.kill();
    await delay(lengthMs);
    await victim.start();
    return victim.name;
  }

  async #stop(victim: LabProcess, { lengthMs }: Fault): Promise<string> {
    const fromMs = performance.now();
    victim.signal('SIGSTOP');
    await delay(lengthMs);
    victim.signal('SIGCONT');
    this.#excuse(fromMs);
    return victim.name;
  }

  async #pull(victim: LabProcess, cables: readonly Cable[], { lengthMs }: Fault): Promise<string> {
    const host = victim.host as Host;
    const fromMs = performance.now();
    for (const cable of cables) await host.pull(cable);
    await delay(lengthMs);
    for (const cable of cables) await host.plug(cable);
    this.#excuse(fromMs);
    return victim.name;
  }

  async #mute(victim: LabProcess, { lengthMs }: Fault): Promise<string> {
    const host = victim.host as Host;
    const others = this.#cluster.pulses.flatMap((pulse) => (pulse === victim ? [] : [pulse.host as Host]));
    await host.mute(others);
    await delay(lengthMs);
    await host.unmute(others);
    return victim.name;
  }

  /** A pulse whose disk is full must end: what it could not write it may not speak of. */
  async #fillDisk(victim: LabProcess, { lengthMs }: Fault): Promise<string> {
    const filler = join(this.#cluster.diskOf(victim.name), 'filler');
    await fill(filler);
    if (!(await victim.ends(DISK_ENDS_PULSE_MS))) {
      this.violations.push(`${victim.name} goes on with a full disk`);
      await victim.kill();
    }
    await delay(lengthMs);
    await rm(filler);
    await victim.start();
    return victim.name;
  }

  async #breakBroker(at: number, { kind, lengthMs }: Fault): Promise<void> {
    const broker = this.#cluster.brokers[at];
    const fromMs = performance.now();
    await broker?.kill(kind === 'kill_broker' ? 'SIGKILL' : 'SIGSTOP');
    await delay(lengthMs);
    if (kind === 'kill_broker') await broker?.restart();
    else await broker?.kill('SIGCONT');
    this.#excuse(fromMs);
  }

  /** Within what is allowed at once; a refusal for want of a leader is an answer too. */
  async #changeTempo(through: LabProcess, { victim }: Fault): Promise<string> {
    const tempo_bpm = [236, 240, 244, 248][victim % 4];
    const status = await through.post('/api/v1/tempo', { tempo_bpm }).catch(() => 0);
    return `${through.name} ${tempo_bpm} BPM: ${status}`;
  }

  #excuse(fromMs: number): void {
    this.excuses.push({ fromMs, toMs: performance.now() + EXCUSE_AFTER_MS });
  }

  /** From the newest frames, as anybody can tell who hears them. */
  #untilNextBeatMs(): number {
    const recent = this.#frames.slice(-FRAMES_FOR_THE_GRID).map(({ text, arrivedAtMs }) => {
      const { metadata, tempo_bpm } = JSON.parse(text) as { metadata: { at: number }; tempo_bpm: number };
      return { atMs: metadata.at, offsetMs: arrivedAtMs - metadata.at, beatMs: 60_000 / tempo_bpm };
    });
    const last = recent.at(-1);
    if (last === undefined) return 0;
    const nowMs = performance.now() - Math.min(...recent.map(({ offsetMs }) => offsetMs));
    const beats = Math.ceil((nowMs + 5 - last.atMs) / last.beatMs);
    return last.atMs + beats * last.beatMs - nowMs;
  }
}

function pick<T>(from: readonly T[], victim: number): T {
  return from[victim % from.length] as T;
}

async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (;;) await file.write(FILL_CHUNK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
  } finally {
    await file.close();
  }
}
