import * as z from 'zod';
import { type ErrorCode } from './errors.ts';
import { subject, type Subject } from './subject.ts';

/** What changed in a life: from which state to which, why, and on whose word. */
export const Change = z.object({
  from: z.string().nullable(),
  to: z.string(),
  reason: z.string().max(2_000),
  by: z.string().max(200),
});
export type Change = z.infer<typeof Change>;

/** The CloudEvents 1.0 envelope that every `whoosh.v1.event.>` message wears. */
export interface CloudEvent<Data = unknown> {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly dataschema: string;
  readonly data: Data;
  readonly traceparent?: string | undefined;
  readonly hlc: string;
  readonly causationid?: string | undefined;
  readonly revision: number;
}

/** A fact, past tense. Published by the outbox relay alone, never answered. */
export interface EventContract<Data = unknown> {
  readonly kind: 'event';
  readonly noun: string;
  readonly happened: string;
  /** `whoosh.<noun>.<happened>.v1`: the CloudEvent's `type` and the schema's name. */
  readonly type: string;
  readonly subject: Subject<`whoosh.v1.event.${string}.${string}.{id}`>;
  readonly data: z.ZodType<Data>;
  readonly description: string;
}

/** A question with one answer. */
export interface CallContract<Request = unknown, Reply = unknown, Pattern extends string = string> {
  readonly kind: 'call';
  /** `<noun>.<verb>`. */
  readonly name: string;
  readonly subject: Subject<Pattern>;
  readonly request: z.ZodType<Request>;
  readonly reply: z.ZodType<Reply>;
  /** The failures a caller must expect beside `invalid_argument`, `unavailable`, `deadline_exceeded` and `internal`. */
  readonly errors: readonly ErrorCode[];
  /** The service that answers. */
  readonly service: string;
  readonly description: string;
  /**
   * Whether the service keeps an idempotency key with its reply for 24 hours. A reply that holds a secret is never kept, and
   * what has the same effect however often it is asked needs no key.
   */
  readonly keepsKey: boolean;
}

/** A call whose owner stores key and reply in the transaction of the effect: the same key again, no second effect. */
export interface KeyedCallContract<Request = unknown, Reply = unknown> extends CallContract<Request, Reply> {
  readonly keepsKey: true;
}

/** A message that travels outside the CloudEvents envelope: BACKBEAT and what agents hear. */
export interface MessageContract<Body = unknown, Pattern extends string = string> {
  readonly kind: 'message';
  readonly type: string;
  readonly subject: Subject<Pattern>;
  readonly body: z.ZodType<Body>;
  readonly description: string;
}

/**
 * An event of a life: its data is the public view after the change, and the change itself, so that a
 * consumer can work from the newest event and acknowledge older ones unread.
 */
export function lifeEvent<View extends z.ZodObject>(
  noun: string,
  happened: string,
  view: View,
  description: string,
): EventContract<z.infer<View> & { change: Change }> {
  // `extend` loses the shape of a generic object in its type, not in fact.
  const data = view.extend({ change: Change }) as unknown as z.ZodType<z.infer<View> & { change: Change }>;
  return eventOf(noun, happened, data, description);
}

/** An event without a life behind it: something that was seen outside. */
export function plainEvent<Data>(
  noun: string,
  happened: string,
  data: z.ZodType<Data>,
  description: string,
): EventContract<Data> {
  return eventOf(noun, happened, data, description);
}

function eventOf<Data>(
  noun: string,
  happened: string,
  data: z.ZodType<Data>,
  description: string,
): EventContract<Data> {
  const pattern = `whoosh.v1.event.${noun}.${happened}.{id}` as const;
  return {
    kind: 'event',
    noun,
    happened,
    type: `whoosh.${noun}.${happened}.v1`,
    subject: subject(pattern),
    data,
    description,
  };
}

interface CallParts<Request, Reply> {
  readonly request: z.ZodType<Request>;
  readonly reply: z.ZodType<Reply>;
  readonly errors: readonly ErrorCode[];
  readonly description: string;
}

/** A call that one of the WHOOSH services answers on `whoosh.v1.call.<noun>.<verb>`. */
export function call<Request, Reply>(
  service: string,
  name: string,
  contract: CallParts<Request, Reply>,
): CallContract<Request, Reply> {
  const at = subject(`whoosh.v1.call.${name}`) as Subject;
  return { kind: 'call', service, name, subject: at, keepsKey: false, ...contract };
}

/** The same, by a service that keeps idempotency keys for it. */
export function keyedCall<Request, Reply>(
  service: string,
  name: string,
  contract: CallParts<Request, Reply>,
): KeyedCallContract<Request, Reply> {
  return { ...call(service, name, contract), keepsKey: true };
}

/** A call that a BACKBEAT service answers for one cluster: `backbeat.v1.call.<noun>.<verb>.{cluster}`. */
export function clusterCall<const Name extends string, Request, Reply>(
  service: string,
  name: Name,
  contract: CallParts<Request, Reply>,
): CallContract<Request, Reply, `backbeat.v1.call.${Name}.{cluster}`> {
  const at = subject(`backbeat.v1.call.${name}.{cluster}`);
  return { kind: 'call', service, name, subject: at, keepsKey: false, ...contract };
}

export function message<const Pattern extends string, Body>(
  type: string,
  pattern: Pattern,
  body: z.ZodType<Body>,
  description: string,
): MessageContract<Body, Pattern> {
  return { kind: 'message', type, subject: subject(pattern), body, description };
}

/** The envelope schema of one event; what a consumer checks on arrival. */
export function cloudEvent<Data>(contract: EventContract<Data>): z.ZodType<CloudEvent<Data>> {
  return z.object({
    specversion: z.literal('1.0'),
    id: z.uuid(),
    source: z.string().regex(/^\/whoosh\/[a-z-]+$/),
    type: z.literal(contract.type),
    subject: z.string().min(1).max(128),
    time: z.iso.datetime({ offset: true }),
    datacontenttype: z.literal('application/json'),
    dataschema: z.string(),
    data: contract.data,
    traceparent: z.string().optional(),
    hlc: z.string(),
    causationid: z.string().optional(),
    revision: z.int().min(0),
  }) as unknown as z.ZodType<CloudEvent<Data>>;
}

/** The data type of an event contract. */
export type DataOf<C> = C extends { data: z.ZodType<infer Data> } ? Data : never;
export type RequestOf<C> = C extends { request: z.ZodType<infer Request> } ? Request : never;
export type ReplyOf<C> = C extends { reply: z.ZodType<infer Reply> } ? Reply : never;
