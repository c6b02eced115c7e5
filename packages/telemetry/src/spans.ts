import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

const TRACER = 'whoosh';
const STATUS_TEXT_MAX = 200;

/** Kinds of work (the last four are the roles of a span in the exchange of messages). */
const KINDS = {
  generic: SpanKind.INTERNAL,
  monitor: SpanKind.INTERNAL,
  council: SpanKind.INTERNAL,
  deployment: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;

export type WorkKind = keyof typeof KINDS;

export interface SpanOptions {
  readonly kind?: WorkKind;
  readonly attributes?: Attributes;
}

/** Runs `fn` inside a span, which ends with it; what it throws is recorded and thrown on. */
export async function inSpan<T>(name: string, options: SpanOptions, fn: () => Promise<T>): Promise<T> {
  const { kind = 'generic', attributes = {} } = options;
  const spanOptions = { kind: KINDS[kind], attributes: { ...attributes, 'whoosh.kind': kind } };
  return await trace.getTracer(TRACER).startActiveSpan(name, spanOptions, async (span) => {
    try {
      return await fn();
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      span.recordException(cause instanceof Error ? cause : message);
      span.setStatus({ code: SpanStatusCode.ERROR, message: message.slice(0, STATUS_TEXT_MAX) });
      throw cause;
    } finally {
      span.end();
    }
  });
}

/** The active trace as a W3C header, for a message or a row that goes on elsewhere. Empty outside a trace. */
export function traceHeaders(): { traceparent?: string } {
  const carrier: { traceparent?: string; tracestate?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent === undefined ? {} : { traceparent: carrier.traceparent };
}

/** Runs `fn` as a continuation of the trace that `traceparent` names; a broken one is as good as none. */
export function withRemoteTrace<T>(traceparent: string | undefined, fn: () => T): T {
  if (traceparent === undefined) return fn();
  return context.with(propagation.extract(ROOT_CONTEXT, { traceparent }), fn);
}
