import { backbeat } from '@whoosh/contracts';

/** What a StatusClaim says, without what is filled in for whoever says it. */
export type ClaimInput = Omit<backbeat.StatusClaim, 'type' | 'agent_id' | 'beat_index' | 'hlc'>;

/** What is filled in: who speaks, in which beat, at which moment. */
export interface ClaimFrame {
  readonly agentId: string;
  readonly beatIndex: number;
  readonly hlc: string;
  /** Said while no pulse is heard. */
  readonly degraded: boolean;
}

/** One thing that is wrong with a claim, and where. */
export interface ClaimProblem {
  /** Such as `progress`, `resources.cpu_percent`, `dependencies.3`; `claim` for the whole. */
  readonly field: string;
  readonly problem: string;
}

export type WrittenClaim =
  | { readonly ok: true; readonly payload: Uint8Array }
  | { readonly ok: false; readonly problems: readonly ClaimProblem[] };

const FILLED_IN = ['type', 'agent_id', 'beat_index', 'hlc'] as const;
const PROBLEMS_MAX = 20;
const SHOWN_CHARACTERS_MAX = 64;
const encoder = new TextEncoder();

/** The bytes of a claim, or everything that is wrong with it. Stricter than its reader: no synonyms of states. Never throws. */
export function writeClaim(input: ClaimInput, frame: ClaimFrame): WrittenClaim {
  if (!isRecord(input)) return { ok: false, problems: [{ field: 'claim', problem: 'must be an object' }] };
  const checked = backbeat.StatusClaim.safeParse({
    ...input,
    type: 'backbeat.statusclaim.v1',
    agent_id: frame.agentId,
    beat_index: frame.beatIndex,
    hlc: frame.hlc,
    ...degradedMetadata(input, frame.degraded),
  });
  const issues = checked.success ? [] : checked.error.issues.flatMap(problemsOfIssue);
  const problems = [...ownProblems(input), ...issues.filter(({ field }) => field !== 'state')];
  if (problems.length > 0 || !checked.success)
    return { ok: false, problems: problems.slice(0, PROBLEMS_MAX) };
  return bytesOf(checked.data);
}

function ownProblems(input: Readonly<Record<string, unknown>>): ClaimProblem[] {
  const given = FILLED_IN.filter((field) => input[field] !== undefined);
  const problems = given.map((field) => ({ field, problem: 'is filled in, and may not be given' }));
  const state = stateProblem(input['state']);
  return state === undefined ? problems : [...problems, { field: 'state', problem: state }];
}

function stateProblem(state: unknown): string | undefined {
  const states: readonly unknown[] = backbeat.CLAIM_STATES;
  if (states.includes(state)) return undefined;
  const known = `must be one of ${backbeat.CLAIM_STATES.join(', ')}`;
  if (typeof state !== 'string') return known;
  const synonyms: Readonly<Record<string, string>> = backbeat.CLAIM_STATE_SYNONYMS;
  const meant = Object.hasOwn(synonyms, state) ? synonyms[state] : undefined;
  return meant === undefined ? known : `is read, but not sent as "${state}": say "${meant}"`;
}

interface Issue {
  readonly code: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

function problemsOfIssue({ code, path, message, keys = [] }: Issue): ClaimProblem[] {
  if (code !== 'unrecognized_keys') return [{ field: fieldOf(path), problem: message }];
  return keys.map((key) => ({
    field: fieldOf([...path, key]),
    problem: 'is not known; what is yours goes into metadata',
  }));
}

function fieldOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, SHOWN_CHARACTERS_MAX) || 'claim';
}

function degradedMetadata({ metadata }: ClaimInput, degraded: boolean): { metadata?: object } {
  // What is no record is left to be complained about.
  return degraded && (metadata === undefined || isRecord(metadata))
    ? { metadata: { ...metadata, degraded: true } }
    : {};
}

function bytesOf(claim: backbeat.StatusClaim): WrittenClaim {
  const text = jsonOf(claim);
  // Of all fields only this one is free to hold anything, and to be of any size.
  if (text === undefined) return refused('cannot be written as JSON');
  const payload = encoder.encode(text);
  if (payload.byteLength <= backbeat.CLAIM_BYTES_MAX) return { ok: true, payload };
  return refused(`makes the claim ${payload.byteLength} bytes long; it may have ${backbeat.CLAIM_BYTES_MAX}`);
}

function refused(problem: string): WrittenClaim {
  return { ok: false, problems: [{ field: 'metadata', problem }] };
}

function jsonOf(claim: backbeat.StatusClaim): string | undefined {
  try {
    return JSON.stringify(claim);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
