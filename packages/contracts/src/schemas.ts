import * as z from 'zod';
import { CALLS, EVENTS, MESSAGES } from './catalog.ts';
import { type CallContract } from './define.ts';
import { ERROR_CODES } from './errors.ts';
import { STREAMS } from './streams.ts';

/**
 * The schemas that we publish are the reading ones: they accept the documented synonyms and unknown fields where a reader does.
 * Everything here is made from the definitions; the committed files are kept equal to it by a test.
 */
type Draft = 'draft-2020-12' | 'draft-07';

export interface SchemaFile {
  /** The message type, and the file's name in front of `.schema.json`. */
  readonly type: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

export const requestType = (call: CallContract): string => `${prefixOf(call)}.call.${call.name}.request.v1`;
export const replyType = (call: CallContract): string => `${prefixOf(call)}.call.${call.name}.reply.v1`;
const prefixOf = (call: CallContract) =>
  call.subject.pattern.startsWith('backbeat.') ? 'backbeat' : 'whoosh';

function draw(type: string, description: string, schema: z.ZodType, draft: Draft): SchemaFile {
  const drawn = z.toJSONSchema(schema, { target: draft, io: 'input', unrepresentable: 'any' }) as Record<
    string,
    unknown
  >;
  const { $schema, ...rest } = drawn;
  return { type, schema: { $schema, $id: `${type}.schema.json`, title: type, description, ...rest } };
}

/** One schema per message type, sorted by type. */
export function schemaFiles(draft: Draft): SchemaFile[] {
  const messages = MESSAGES.filter(
    ({ type }, index) => MESSAGES.findIndex((other) => other.type === type) === index,
  );
  return [
    ...messages.map(({ type, description, body }) => draw(type, description, body, draft)),
    ...EVENTS.map(({ type, description, data }) =>
      draw(
        type,
        `${description}. This is the event's \`data\`; the envelope is CloudEvents 1.0.`,
        data,
        draft,
      ),
    ),
    ...CALLS.flatMap((call) => [
      draw(requestType(call), call.description, call.request, draft),
      draw(replyType(call), `The answer to ${call.name}`, call.reply, draft),
    ]),
  ].toSorted((a, b) => (a.type < b.type ? -1 : 1));
}

const ref = (type: string) => ({ $ref: `./schemas/${type}.schema.json` });

/** AsyncAPI 3: every channel, who sends, who answers. */
export function asyncApi(): Record<string, unknown> {
  const channels: Record<string, unknown> = {};
  const operations: Record<string, unknown> = {};
  const channelOf = (name: string) => ({ $ref: `#/channels/${name}` });
  const add = (name: string, address: string, type: string, payload: unknown, description: string) => {
    channels[name] = {
      address,
      description,
      parameters: parametersOf(address),
      messages: { [type]: { name: type, payload } },
    };
  };
  for (const { subject, type, description } of MESSAGES) {
    const name = subject.pattern.replaceAll(/[^A-Za-z0-9]+/g, '_');
    add(name, subject.pattern, type, ref(type), description);
    operations[`send_${name}`] = { action: 'send', channel: channelOf(name) };
  }
  for (const { subject, type, description, noun, happened } of EVENTS) {
    const name = `event_${noun}_${happened}`;
    add(name, subject.pattern, type, envelope(type), description);
    operations[`send_${name}`] = { action: 'send', channel: channelOf(name) };
  }
  for (const call of CALLS) {
    const name = `call_${call.service}_${call.name.replaceAll('.', '_')}`;
    add(name, call.subject.pattern, requestType(call), ref(requestType(call)), call.description);
    channels[`${name}_reply`] = {
      address: null,
      messages: { [replyType(call)]: { name: replyType(call), payload: replyEnvelope(call) } },
    };
    operations[`receive_${name}`] = {
      action: 'receive',
      channel: channelOf(name),
      reply: { channel: channelOf(`${name}_reply`) },
    };
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'WHOOSH and BACKBEAT on NATS',
      version: '1.0.0',
      description: `Streams: ${Object.keys(STREAMS).join(', ')}.`,
    },
    defaultContentType: 'application/json',
    channels,
    operations,
  };
}

function parametersOf(address: string): Record<string, object> {
  return Object.fromEntries([...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name ?? '', {}]));
}

function envelope(type: string): object {
  const text = { type: 'string' };
  return {
    type: 'object',
    required: [
      'specversion',
      'id',
      'source',
      'type',
      'subject',
      'time',
      'datacontenttype',
      'dataschema',
      'data',
      'hlc',
      'revision',
    ],
    properties: {
      specversion: { const: '1.0' },
      id: { type: 'string', format: 'uuid' },
      source: text,
      type: { const: type },
      subject: text,
      time: { type: 'string', format: 'date-time' },
      datacontenttype: { const: 'application/json' },
      dataschema: { const: `${type}.schema.json` },
      traceparent: text,
      hlc: text,
      causationid: text,
      revision: { type: 'integer', minimum: 0 },
      data: ref(type),
    },
  };
}

function replyEnvelope(call: CallContract): object {
  const error = {
    type: 'object',
    required: ['code', 'message'],
    properties: { code: { enum: ERROR_CODES }, message: { type: 'string' }, details: { type: 'object' } },
  };
  return {
    oneOf: [
      { type: 'object', required: ['ok'], properties: { ok: ref(replyType(call)) } },
      { type: 'object', required: ['error'], properties: { error } },
    ],
  };
}
