export { openLog, type Log, type LogOptions } from './log.ts';
export { newRegistry } from './metrics.ts';
export { inSpan, traceHeaders, withRemoteTrace, type SpanOptions, type WorkKind } from './spans.ts';
export { otlpEndpoint, startTracing, type Tracing, type TracingOptions } from './tracing.ts';
export { Counter, Gauge, Histogram, Registry } from 'prom-client';
