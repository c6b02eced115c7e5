import { type CloudEvent, cloudEvent, type EventContract } from '../define.ts';

export interface EventParts<Data> {
  /** A UUID; the stream takes an event of the same id once. */
  readonly id: string;
  /** Whom it is about: the id of the life. */
  readonly subject: string;
  readonly data: Data;
  /** @default '/whoosh/test' */
  readonly source?: string;
  /** @default 1 */
  readonly revision?: number;
  /** When it happened, RFC 3339. */
  readonly time?: string;
}

/** An event in the envelope in which its owner's relay publishes it. Throws when the data breaks the contract. */
export function cloudEventOf<Data>(
  contract: EventContract<Data>,
  { id, subject, data, source = '/whoosh/test', revision = 1, time }: EventParts<Data>,
): CloudEvent<Data> {
  return cloudEvent(contract).parse({
    specversion: '1.0',
    id,
    source,
    type: contract.type,
    subject,
    time: time ?? '2026-01-02T03:04:05.678Z',
    datacontenttype: 'application/json',
    dataschema: `${contract.type}.schema.json`,
    data,
    hlc: '0',
    revision,
  });
}
