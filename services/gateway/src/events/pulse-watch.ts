import { type Bus } from '@whoosh/bus';
import { backbeat } from '@whoosh/contracts';
import { type Contact, type PulseRound, pulseSlo, type PulseView, pulseView } from '../domain/pulse-view.ts';

export interface PulseWatchOptions {
  readonly bus: Pick<Bus, 'callAt'>;
  readonly cluster: string;
  readonly enabled: boolean;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}

export interface PulseLook {
  readonly pulse: PulseView | null;
  readonly reverb: Pick<
    backbeat.ReverbStatus,
    'node' | 'database' | 'agents' | 'claims_per_second' | 'lag'
  > | null;
  readonly slo: Record<string, boolean>;
}

/** Who does not say it in this time is shown as not answering. */
const ASK_TIMEOUT_MS = 1_000;
/** However many look, the cluster is asked at most once in this time. */
const FRESH_MS = 1_000;
/** Nodes of one cluster that are asked by name. */
const NODES_MAX = 16;

const NOTHING: PulseLook = { pulse: null, reverb: null, slo: {} };

/** Asks every pulse of the cluster for its own view, because a single one knows little of the others, and reverb for its own. */
export class PulseWatch {
  readonly #options: PulseWatchOptions;
  #contacts: ReadonlyMap<string, Contact> = new Map();
  #look: { readonly atMs: number; readonly answer: Promise<PulseLook> } | undefined;

  constructor(options: PulseWatchOptions) {
    this.#options = options;
  }

  async look(): Promise<PulseLook> {
    if (!this.#options.enabled) return NOTHING;
    const atMs = this.#options.monotonicMs();
    if (this.#look === undefined || atMs - this.#look.atMs > FRESH_MS) {
      this.#look = { atMs, answer: this.#ask() };
    }
    return this.#look.answer;
  }

  async #ask(): Promise<PulseLook> {
    const [round, reverb] = await Promise.all([this.#askPulses(), this.#askReverb()]);
    return {
      pulse: pulseView(round),
      reverb: reverb === undefined ? null : shownOf(reverb),
      slo: { ...pulseSlo(round), ...reverb?.slo },
    };
  }

  async #askPulses(): Promise<PulseRound> {
    const { cluster } = this.#options;
    const anybody = backbeat.getPulseStatus.subject.at({ cluster });
    const first = await this.#statusAt(anybody);
    const named = first?.peers.map(({ id }) => id) ?? [...this.#contacts.keys()];
    const others = named.filter((name) => name !== first?.node).slice(0, NODES_MAX);
    const rest = await Promise.all(
      first === undefined
        ? []
        : others.map((name) => this.#statusAt(`${anybody}.${backbeat.nodeToken(name)}`)),
    );
    const statuses = [first, ...rest].filter((status) => status !== undefined);
    const at = new Date(this.#options.nowMs()).toISOString();
    const kept = [...this.#contacts].filter(([name]) => named.includes(name));
    this.#contacts = new Map([
      ...kept,
      ...statuses.map((status): [string, Contact] => [status.node, { at, status }]),
    ]);
    return { answered: new Set(statuses.map(({ node }) => node)), contacts: this.#contacts };
  }

  async #statusAt(subject: string): Promise<backbeat.PulseStatus | undefined> {
    return this.#options.bus
      .callAt(subject, backbeat.getPulseStatus, {}, { timeoutMs: ASK_TIMEOUT_MS })
      .catch(() => undefined);
  }

  async #askReverb(): Promise<backbeat.ReverbStatus | undefined> {
    const { bus, cluster } = this.#options;
    const subject = backbeat.getReverbStatus.subject.at({ cluster });
    return bus
      .callAt(subject, backbeat.getReverbStatus, {}, { timeoutMs: ASK_TIMEOUT_MS })
      .catch(() => undefined);
  }
}

function shownOf({
  node,
  database,
  agents,
  claims_per_second,
  lag,
}: backbeat.ReverbStatus): PulseLook['reverb'] {
  return { node, database, agents, claims_per_second, lag };
}
