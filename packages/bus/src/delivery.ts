import { type JsMsg } from '@nats-io/jetstream';
import { cloudEvent, type CloudEvent, eventByType } from '@whoosh/contracts';
import * as z from 'zod';
import { recordOf } from './nats-headers.ts';

/** One message as its consumer's handler sees it. */
export interface Delivered {
  /** Where it was first said; a replayed dead letter keeps its own subject. */
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  /** An event: the checked CloudEvent. Anything else: the bytes as they came. */
  readonly body: unknown;
  readonly streamSequence: number;
  /** Deliveries so far, this one included, whatever became of the earlier ones. */
  readonly attempts: number;
}

/** The same of an event, for handlers that only hear events. */
export function eventOf(delivered: Delivered): CloudEvent {
  return delivered.body as CloudEvent;
}

export type Decoded =
  | { readonly ok: true; readonly delivered: Delivered }
  /** It breaks its schema and always will. */
  | { readonly ok: false; readonly reason: string };

/** On a retry: the subject under which the message was first said. */
export const ORIGINAL_SUBJECT_HEADER = 'Whoosh-Original-Subject';
const EVENT_PREFIX = 'whoosh.v1.event.';
const REASON_TEXT_MAX = 500;

const Typed = z.object({ type: z.string() });
const schemas = new Map<string, z.ZodType<CloudEvent>>();

/** Reads a message by its subject: events are checked against their contract, all else is left as it is. */
export function decodeDelivery(message: JsMsg): Decoded {
  const headers = recordOf(message.headers);
  const subject = headers[ORIGINAL_SUBJECT_HEADER] ?? message.subject;
  const common = {
    subject,
    headers,
    streamSequence: message.info.streamSequence,
    attempts: message.info.deliveryCount,
  };
  if (!subject.startsWith(EVENT_PREFIX)) return { ok: true, delivered: { ...common, body: message.data } };
  const event = decodeEvent(message.data);
  if (typeof event === 'string') return { ok: false, reason: event };
  return { ok: true, delivered: { ...common, body: event } };
}

/** The checked event, or what is wrong with it. */
export function decodeEvent(bytes: Uint8Array): CloudEvent | string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return 'the body is not JSON';
  }
  const typed = Typed.safeParse(value);
  if (!typed.success) return 'the body has no type';
  const schema = schemaOf(typed.data.type);
  if (schema === undefined) return 'the type is unknown';
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  return `the body breaks ${typed.data.type}: ${z.prettifyError(parsed.error)}`.slice(0, REASON_TEXT_MAX);
}

function schemaOf(type: string): z.ZodType<CloudEvent> | undefined {
  const known = schemas.get(type);
  if (known !== undefined) return known;
  const contract = eventByType(type);
  if (contract === undefined) return undefined;
  const schema = cloudEvent(contract);
  schemas.set(type, schema);
  return schema;
}
