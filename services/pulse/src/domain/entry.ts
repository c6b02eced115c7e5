import { type Anchor } from './score.ts';

/** The commands of the replicated log. */
export type Entry =
  | {
      readonly type: 'init';
      readonly epoch: number;
      readonly anchor: Anchor;
      readonly tempo: number;
      readonly bar_length: number;
    }
  | {
      readonly type: 'reserve';
      readonly index: number;
      readonly node: string;
      readonly boot: string;
      /** What the next frame's index would have been if none were missed: those from here to `index` were not sent. */
      readonly expected?: number;
      /** The node sees a broker, so that the beat will be sent unless the node ends before. */
      readonly wired?: boolean;
    }
  /** With an anchor the grid begins anew at that beat, at the same tempo: the clock of the cluster went back. */
  | { readonly type: 'tempo'; readonly at_beat: number; readonly tempo: number; readonly anchor?: Anchor }
  | { readonly type: 'ramp'; readonly at_beat: number; readonly target: number }
  | { readonly type: 'ramp_cancel' }
  | { readonly type: 'bar'; readonly at_beat: number; readonly bar_length: number };

export function encodeEntry(entry: Entry): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(entry));
}

/** Only our own processes write the log, and its records are checksummed: what cannot be read is a fault. */
export function decodeEntry(data: Uint8Array): Entry {
  return JSON.parse(new TextDecoder().decode(data)) as Entry;
}
