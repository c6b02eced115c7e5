/**
 * Faults that a test or a developer switches on: in the deliveries, and in the answers of the API. Each hits the next N
 * occasions, or each occasion with a probability drawn from a seed.
 */
import { Random } from '@whoosh/stdx';

const DELIVERY_FAULTS = ['drop', 'double', 'delay', 'reorder'] as const;
const API_FAULTS = ['tooManyRequests', 'serverError', 'slow'] as const;

export type FaultName = (typeof DELIVERY_FAULTS)[number] | (typeof API_FAULTS)[number];

export interface FaultSetting {
  /** Hits this many occasions, then no more. */
  readonly next?: number;
  /** Hits each occasion with this probability, 0 to 1. */
  readonly probability?: number;
  /** For `delay` and `slow`: by how much. For `reorder`: how long a delivery without a follower waits for one. */
  readonly ms?: number;
  /** For `tooManyRequests`: the Retry-After header. */
  readonly retryAfterS?: number;
}

export interface FaultSettings extends Partial<Record<FaultName, FaultSetting>> {
  readonly seed?: number;
}

const DEFAULT_MS = 1_000;
const MS_MAX = 600_000;
const DEFAULT_RETRY_AFTER_S = 1;

export class Faults {
  #settings: FaultSettings = {};
  #left = new Map<FaultName, number>();
  #random = new Random(0);

  /** Replaces all settings; `{}` switches everything off. Throws a TypeError that names what is wrong. */
  set(settings: FaultSettings): void {
    const checked = checkSettings(settings);
    this.#settings = checked;
    this.#left = new Map(namedSettings(checked).map(([name, setting]) => [name, setting.next ?? 0]));
    this.#random = new Random(checked.seed ?? 0);
  }

  /** The settings, with `next` as far as it is not used up. */
  current(): FaultSettings {
    const entries = namedSettings(this.#settings).map(([name, setting]) => [
      name,
      setting.next === undefined ? setting : { ...setting, next: this.#left.get(name) ?? 0 },
    ]);
    return { seed: this.#settings.seed ?? 0, ...Object.fromEntries(entries) };
  }

  /** Asks once per occasion; counts it down. */
  hits(name: FaultName): boolean {
    const setting = this.#settings[name];
    if (setting === undefined) return false;
    const left = this.#left.get(name) ?? 0;
    if (left > 0) {
      this.#left.set(name, left - 1);
      return true;
    }
    return setting.probability !== undefined && this.#random.chance(setting.probability);
  }

  delayMs(): number {
    return this.#settings.delay?.ms ?? DEFAULT_MS;
  }

  holdMs(): number {
    return this.#settings.reorder?.ms ?? DEFAULT_MS;
  }

  slowMs(): number {
    return this.#settings.slow?.ms ?? DEFAULT_MS;
  }

  retryAfterS(): number {
    return this.#settings.tooManyRequests?.retryAfterS ?? DEFAULT_RETRY_AFTER_S;
  }
}

function namedSettings(settings: FaultSettings): [FaultName, FaultSetting][] {
  return [...DELIVERY_FAULTS, ...API_FAULTS].flatMap((name) => {
    const setting = settings[name];
    return setting === undefined ? [] : [[name, setting] satisfies [FaultName, FaultSetting]];
  });
}

function checkSettings(settings: unknown): FaultSettings {
  if (!isObject(settings)) throw new TypeError('faults are an object');
  const known: readonly string[] = ['seed', ...DELIVERY_FAULTS, ...API_FAULTS];
  for (const [name, setting] of Object.entries(settings)) {
    if (!known.includes(name)) throw new TypeError(`${name} is no fault; there are ${known.join(', ')}`);
    if (name === 'seed') number(name, setting, Number.MAX_SAFE_INTEGER);
    else checkSetting(name, setting);
  }
  return settings;
}

function checkSetting(name: string, setting: unknown): void {
  if (!isObject(setting)) throw new TypeError(`${name} is an object`);
  const limits: Readonly<Record<string, number>> = {
    next: 1_000_000,
    probability: 1,
    ms: MS_MAX,
    retryAfterS: 3_600,
  };
  for (const [field, value] of Object.entries(setting)) {
    const limit = limits[field];
    if (limit === undefined) throw new TypeError(`${name}.${field} is unknown`);
    number(`${name}.${field}`, value, limit);
  }
}

function number(name: string, value: unknown, max: number): void {
  if (typeof value !== 'number' || !(value >= 0 && value <= max)) {
    throw new TypeError(`${name} is a number from 0 to ${max}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
