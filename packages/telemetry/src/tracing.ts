import { context, diag, DiagLogLevel, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { type Log } from './log.ts';

export interface TracingOptions {
  readonly enabled: boolean;
  readonly serviceName: string;
  readonly version: string;
  readonly environment: string;
  /** OTLP over HTTP, such as `http://localhost:4318/v1/traces`. */
  readonly endpoint: string;
  /** Share of traces that are kept, 0 to 1; a trace that came from elsewhere keeps its own decision. */
  readonly sampleRate: number;
  readonly log?: Pick<Log, 'warn' | 'debug'>;
}

export interface Tracing {
  /** Sends what is left, waiting a bounded time. Never rejects: spans are worth less than a clean end. */
  shutdown(): Promise<void>;
}

const EXPORT_TIMEOUT_MS = 5_000;
const SHUTDOWN_TIMEOUT_MS = 1_000;
const QUEUE_SPANS_MAX = 2_048;
const BATCH_SPANS_MAX = 256;
const JAEGER_THRIFT_PORT = '14268';
const OTLP_HTTP_PORT = '4318';

/**
 * Begins to record spans and to send them. A collector that is down costs nothing but the spans. Contexts travel in
 * W3C form even when nothing is recorded here, so that a trace of others is passed on.
 */
export function startTracing(options: TracingOptions): Tracing {
  const { enabled, log } = options;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  // The exporter's own complaints would otherwise reach nobody, or the console.
  diag.setLogger(diagnosticsTo(log), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  if (!enabled) return { shutdown: () => Promise.resolve() };

  const exporter = new OTLPTraceExporter({
    url: otlpEndpoint(options.endpoint, log),
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': options.serviceName,
      'service.version': options.version,
      'deployment.environment.name': options.environment,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleRate) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: QUEUE_SPANS_MAX,
        maxExportBatchSize: BATCH_SPANS_MAX,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  trace.setGlobalTracerProvider(provider);
  return { shutdown: () => endWithin(SHUTDOWN_TIMEOUT_MS, provider.shutdown()) };
}

/** Jaeger's old door speaks Thrift; the same Jaeger takes OTLP on 4318 (since 1.35). */
export function otlpEndpoint(configured: string, log?: Pick<Log, 'warn'>): string {
  const url = new URL(configured);
  if (url.port !== JAEGER_THRIFT_PORT) return configured;
  url.port = OTLP_HTTP_PORT;
  url.pathname = '/v1/traces';
  url.search = '';
  log?.warn({ configured, endpoint: url.href }, 'the Jaeger Thrift endpoint was rewritten to OTLP over HTTP');
  return url.href;
}

async function endWithin(timeoutMs: number, ending: Promise<void>): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  await Promise.race([ending.catch(() => undefined), timeout]);
  clearTimeout(timer);
}

function diagnosticsTo(log: TracingOptions['log']) {
  const say = (message: string, ...rest: unknown[]) =>
    log?.debug({ detail: rest.map(String) }, `tracing: ${message}`);
  return { error: say, warn: say, info: say, debug: say, verbose: say };
}
