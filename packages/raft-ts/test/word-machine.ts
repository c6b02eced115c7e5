import { type Entry } from '../src/index.ts';
import { type StateMachine } from '../src/node/index.ts';

/** A state machine whose state is the list of words it was told. */
export class WordMachine implements StateMachine {
  words: string[] = [];
  restores = 0;

  apply(entry: Entry): void {
    this.words.push(Buffer.from(entry.data).toString());
  }

  snapshot(): Uint8Array {
    return Buffer.from(JSON.stringify(this.words));
  }

  restore(data: Uint8Array): void {
    this.restores += 1;
    this.words = JSON.parse(Buffer.from(data).toString()) as string[];
  }
}

export function word(text: string): Uint8Array {
  return Buffer.from(text);
}
