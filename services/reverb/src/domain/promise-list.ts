import { type OpenPromise } from './promises.ts';

/** A promise as it is stored with a report. */
export interface ListedPromise {
  readonly agent: string;
  readonly task: string;
  readonly due_beat: number;
  readonly help: boolean;
}

/** The open promises of a cluster when a window closed: how many there are, and as many of them as go with a report. */
export interface PromiseList {
  readonly count: number;
  readonly listed: readonly ListedPromise[];
}

export const NO_PROMISES: PromiseList = { count: 0, listed: [] };

/**
 * The promises that are due first, as many as fit into so many characters of JSON. A report goes to every listener, so it
 * cannot carry those of ten thousand agents; how many there are in all it says.
 */
export function listPromises(open: readonly OpenPromise[], charactersMax: number): PromiseList {
  const listed: ListedPromise[] = [];
  let characters = JSON.stringify({ count: open.length, listed }).length;
  for (const { agent, task, dueBeat, isHelp } of dueFirst(open)) {
    const promise = { agent, task, due_beat: dueBeat, help: isHelp };
    characters += JSON.stringify(promise).length + 1;
    if (characters > charactersMax) break;
    listed.push(promise);
  }
  return { count: open.length, listed };
}

/** What a report's header says; undefined for what is no list. Reports of older writers have the bare list. */
export function readPromiseList(said: unknown): PromiseList | undefined {
  if (Array.isArray(said)) return { count: said.length, listed: said as ListedPromise[] };
  if (typeof said !== 'object' || said === null) return undefined;
  const { count, listed } = said as { readonly [Key in keyof PromiseList]?: unknown };
  if (!Number.isSafeInteger(count) || !Array.isArray(listed)) return undefined;
  return { count: Math.max(Number(count), listed.length), listed: listed as ListedPromise[] };
}

/** In the order of their due beats, without sorting them all: they are due within 64 beats. */
function* dueFirst(open: readonly OpenPromise[]): Generator<OpenPromise> {
  const byBeat = Map.groupBy(open, ({ dueBeat }) => dueBeat);
  for (const beat of [...byBeat.keys()].toSorted((a, b) => a - b)) yield* byBeat.get(beat) ?? [];
}
