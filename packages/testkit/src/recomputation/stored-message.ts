/** One message of the claims stream, as it lies there. */
export interface StoredMessage {
  readonly sequence: number;
  /** The broker's clock, whole Unix milliseconds. */
  readonly storedAtMs: number;
  readonly subject: string;
  readonly text: string;
  /** What the headers of the protocol say, where there are any. */
  readonly key?: string;
  readonly signature?: string;
}

/** What the message is said to be by its subject, `backbeat.{cluster}.{kind}…`. */
export function kindOf({ subject }: StoredMessage): string | undefined {
  return subject.split('.')[2];
}

/** Undefined for what is no JSON. */
export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
