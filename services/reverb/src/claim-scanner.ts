import { backbeat } from '@whoosh/contracts';
import { assert } from '@whoosh/stdx';
import { type ClaimFacts } from './domain/entry.ts';
import { TextPool } from './text-pool.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const DELETE = 0x7f;
const DOT = 0x2e;
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const SPACE = 0x20;

/** Digits that a number keeps exactly, with room; longer ones are left to the parser. */
const DIGITS_MAX = 15;
/** With so many nines a fraction may be read as 1. */
const NINES_MAX = 16;
const ID_BYTES_MAX = 128;
const HLC_BYTES = 14;
/** Agents and tasks whose names are kept ready; 10,000 agents fit with few collisions. */
const AGENTS_POOLED = 65_536;
const TASKS_POOLED = 16_384;

const TYPE = bytesOf('backbeat.statusclaim.v1');
const SYNONYMS: Readonly<Record<string, backbeat.ClaimState>> = backbeat.CLAIM_STATE_SYNONYMS;
/** Every spelling of a state and what it means, by the length of the spelling. */
const STATES = byLength([
  ...backbeat.CLAIM_STATES.map((state) => [state, state] as const),
  ...Object.entries(SYNONYMS),
]);

const IN_AGENT = 1;
const IN_TASK = 2;
/** Which characters an id may have. */
const CHARACTERS = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  return (/[a-zA-Z0-9_:-]/.test(character) ? IN_AGENT | IN_TASK : 0) | (character === '.' ? IN_TASK : 0);
});
const NO_HEX = 16;
const HEX = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[0-9a-fA-F]/.test(character) ? Number.parseInt(character, 16) : NO_HEX;
});

const HAS_TYPE = 1;
const HAS_AGENT = 2;
const HAS_BEAT = 4;
const HAS_STATE = 8;
const HAS_HLC = 16;
const REQUIRED = HAS_TYPE | HAS_AGENT | HAS_BEAT | HAS_STATE | HAS_HLC;
const HAS_TASK = 32;
const HAS_BEATS_LEFT = 64;
const HAS_PROGRESS = 128;
const HAS_NOTES = 256;

interface Key {
  /** With quotes and colon. */
  readonly text: Uint8Array;
  readonly field: number;
}

const FIRST_MASK = 0x1f;
const FIFTH_MASK = 0x1f;
const KEYS = keyTable({
  type: HAS_TYPE,
  agent_id: HAS_AGENT,
  beat_index: HAS_BEAT,
  state: HAS_STATE,
  hlc: HAS_HLC,
  task_id: HAS_TASK,
  beats_left: HAS_BEATS_LEFT,
  progress: HAS_PROGRESS,
  notes: HAS_NOTES,
});

/**
 * Reads a StatusClaim in one pass over its bytes, without a tree of it: several times faster than parsing and then
 * validating. It knows the plain form, which is what agents send: an object without white space of known fields, each
 * once, texts of printable ASCII without escapes, short numbers. Whatever else there is, right or wrong, it leaves to the
 * schema; so it may only ever accept what the schema accepts, with the same facts, which is tested with
 * claims mutated in every way.
 */
export class ClaimScanner {
  readonly #agents = new TextPool(AGENTS_POOLED);
  readonly #tasks = new TextPool(TASKS_POOLED);
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;
  #agent = '';
  #beat = 0;
  #state: backbeat.ClaimState = 'idle';
  #task = '';
  #beatsLeft: number | undefined;
  #isComplete = false;
  #hlc = 0;

  /** The claim, when it has the plain form and its agent is the token of `subject` that begins at `agentAt`. */
  scan(bytes: Uint8Array, subject: string, agentAt: number): ClaimFacts | undefined {
    this.#bytes = bytes;
    this.#at = 1;
    this.#task = '';
    this.#beatsLeft = undefined;
    this.#isComplete = false;
    if (bytes[0] !== OPEN) return undefined;
    let seen = 0;
    for (;;) {
      const field = this.#key();
      if (field === 0 || (seen & field) !== 0 || !this.#value(field, subject, agentAt)) return undefined;
      seen |= field;
      const next = bytes[this.#at];
      this.#at += 1;
      if (next === COMMA) continue;
      if (next !== CLOSE || this.#at !== bytes.length) return undefined;
      break;
    }
    if ((seen & REQUIRED) !== REQUIRED) return undefined;
    return {
      agent: this.#agent,
      beat: this.#beat,
      state: this.#state,
      task: this.#task,
      beatsLeft: this.#beatsLeft,
      isComplete: this.#isComplete,
      hlc: this.#hlc,
    };
  }

  /** `"name":`; 0 for a name that is not of the plain form. */
  #key(): number {
    const bytes = this.#bytes;
    const from = this.#at;
    if (bytes[from] !== QUOTE) return 0;
    // Told apart by two characters, then compared in full.
    const key = KEYS[(bytes[from + 1] ?? 0) & FIRST_MASK]?.[(bytes[from + 5] ?? 0) & FIFTH_MASK];
    if (key === undefined) return 0;
    const { text, field } = key;
    for (let i = 0; i < text.length; i += 1) if (bytes[from + i] !== text[i]) return 0;
    this.#at = from + text.length;
    return field;
  }

  #value(field: number, subject: string, agentAt: number): boolean {
    switch (field) {
      case HAS_TYPE:
        return this.#isText(TYPE);
      case HAS_AGENT:
        return this.#readAgent(subject, agentAt);
      case HAS_BEAT:
        this.#beat = this.#integer();
        return this.#beat >= 0;
      case HAS_STATE:
        return this.#readState();
      case HAS_HLC:
        return this.#readHlc();
      case HAS_TASK:
        return this.#readTask();
      case HAS_BEATS_LEFT: {
        const beats = this.#integer();
        this.#beatsLeft = beats;
        return beats >= 0 && beats <= backbeat.BEATS_LEFT_MAX;
      }
      case HAS_PROGRESS:
        return this.#readProgress();
      default:
        return this.#skipNotes();
    }
  }

  #isText(expected: Uint8Array): boolean {
    const bytes = this.#bytes;
    const from = this.#at + 1;
    if (bytes[from - 1] !== QUOTE) return false;
    for (let i = 0; i < expected.length; i += 1) if (bytes[from + i] !== expected[i]) return false;
    this.#at = from + expected.length + 1;
    return bytes[this.#at - 1] === QUOTE;
  }

  #readAgent(subject: string, agentAt: number): boolean {
    const bytes = this.#bytes;
    const from = this.#at + 1;
    const length = subject.length - agentAt;
    if (bytes[from - 1] !== QUOTE || length < 1 || length > ID_BYTES_MAX) return false;
    let hash = 0;
    for (let i = 0; i < length; i += 1) {
      const code = bytes[from + i] ?? 0;
      if (code !== subject.charCodeAt(agentAt + i) || ((CHARACTERS[code] ?? 0) & IN_AGENT) === 0)
        return false;
      hash = (Math.imul(hash, 31) + code) | 0;
    }
    const to = from + length;
    if (bytes[to] !== QUOTE) return false;
    this.#at = to + 1;
    this.#agent = this.#agents.ascii(bytes, from, to, hash);
    return true;
  }

  #readTask(): boolean {
    const bytes = this.#bytes;
    const from = this.#at + 1;
    if (bytes[from - 1] !== QUOTE) return false;
    let hash = 0;
    let to = from;
    for (; ; to += 1) {
      const code = bytes[to] ?? 0;
      if (((CHARACTERS[code] ?? 0) & IN_TASK) === 0) break;
      hash = (Math.imul(hash, 31) + code) | 0;
    }
    if (bytes[to] !== QUOTE || to === from || to - from > ID_BYTES_MAX) return false;
    this.#at = to + 1;
    this.#task = this.#tasks.ascii(bytes, from, to, hash);
    return true;
  }

  #readState(): boolean {
    const bytes = this.#bytes;
    const from = this.#at;
    let to = from + 1;
    while (to < bytes.length && bytes[to] !== QUOTE) to += 1;
    for (const { text, state } of STATES[to - from - 1] ?? []) {
      if (!this.#isText(text)) continue;
      this.#state = state;
      return true;
    }
    return false;
  }

  /** `"hhhh:hhhh:hhhh"` as a number of 48 bits. */
  #readHlc(): boolean {
    const bytes = this.#bytes;
    const from = this.#at + 1;
    if (bytes[from - 1] !== QUOTE || bytes[from + HLC_BYTES] !== QUOTE) return false;
    const high = this.#hex4(from);
    const middle = this.#hex4(from + 5);
    const low = this.#hex4(from + 10);
    if (high < 0 || middle < 0 || low < 0 || bytes[from + 4] !== COLON || bytes[from + 9] !== COLON)
      return false;
    this.#hlc = high * 0x1_0000_0000 + middle * 0x1_0000 + low;
    this.#at = from + HLC_BYTES + 1;
    return true;
  }

  #hex4(from: number): number {
    const bytes = this.#bytes;
    const a = HEX[bytes[from] ?? 0] ?? NO_HEX;
    const b = HEX[bytes[from + 1] ?? 0] ?? NO_HEX;
    const c = HEX[bytes[from + 2] ?? 0] ?? NO_HEX;
    const d = HEX[bytes[from + 3] ?? 0] ?? NO_HEX;
    return ((a | b | c | d) & NO_HEX) === 0 ? (a << 12) | (b << 8) | (c << 4) | d : -1;
  }

  /** Digits only, none leading for nothing; -1 for any other form. */
  #integer(): number {
    const bytes = this.#bytes;
    const from = this.#at;
    let at = from;
    let value = 0;
    for (; ; at += 1) {
      const code = bytes[at] ?? 0;
      if (code < ZERO || code > NINE) break;
      value = value * 10 + (code - ZERO);
    }
    const length = at - from;
    if (length === 0 || length > DIGITS_MAX || (length > 1 && bytes[from] === ZERO)) return -1;
    this.#at = at;
    return value;
  }

  /** `0`, `1` or `0.` and digits. */
  #readProgress(): boolean {
    const bytes = this.#bytes;
    const first = bytes[this.#at];
    if (first !== ZERO && first !== ONE) return false;
    this.#at += 1;
    if (bytes[this.#at] !== DOT) {
      this.#isComplete = first === ONE;
      return true;
    }
    if (first === ONE) return false;
    const from = this.#at + 1;
    let at = from;
    let nines = 0;
    for (; ; at += 1) {
      const code = bytes[at] ?? 0;
      if (code < ZERO || code > NINE) break;
      if (code === NINE && nines === at - from) nines += 1;
    }
    this.#at = at;
    return at > from && nines < NINES_MAX;
  }

  #skipNotes(): boolean {
    const bytes = this.#bytes;
    const from = this.#at + 1;
    if (bytes[from - 1] !== QUOTE) return false;
    let to = from;
    for (; ; to += 1) {
      const code = bytes[to] ?? 0;
      if (code === QUOTE) break;
      if (code < SPACE || code >= DELETE || code === BACKSLASH) return false;
    }
    this.#at = to + 1;
    return to - from <= backbeat.NOTES_CHARACTERS_MAX;
  }
}

function keyTable(fields: Readonly<Record<string, number>>): readonly (Key | undefined)[][] {
  const table = Array.from({ length: FIRST_MASK + 1 }, () =>
    Array.from({ length: FIFTH_MASK + 1 }, (): Key | undefined => undefined),
  );
  for (const [name, field] of Object.entries(fields)) {
    const text = bytesOf(`"${name}":`);
    const row = table[(text[1] ?? 0) & FIRST_MASK] ?? [];
    const place = (text[5] ?? 0) & FIFTH_MASK;
    assert(row[place] === undefined, `two fields meet in one place of the table: ${name}`);
    row[place] = { text, field };
  }
  return table;
}

interface Spelling {
  readonly text: Uint8Array;
  readonly state: backbeat.ClaimState;
}

function byLength(spellings: readonly (readonly [string, backbeat.ClaimState])[]): readonly Spelling[][] {
  const table: Spelling[][] = [];
  for (const [spelling, state] of spellings) {
    const row = (table[spelling.length] ??= []);
    row.push({ text: bytesOf(spelling), state });
  }
  return table;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
