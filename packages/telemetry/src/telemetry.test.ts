import { createServer } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { context, diag, propagation, trace } from '@opentelemetry/api';
import {
  inSpan,
  newRegistry,
  openLog,
  otlpEndpoint,
  startTracing,
  traceHeaders,
  withRemoteTrace,
} from './index.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function logInto(lines: string[], pretty = false) {
  return openLog({
    service: 'gateway',
    level: 'info',
    pretty,
    destination: { write: (line) => lines.push(line) },
  });
}

describe('openLog', () => {
  test('writes one object per line, with the service', () => {
    const lines: string[] = [];
    logInto(lines).info({ deployment: 'd' }, 'deployment wanted');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      service: 'gateway',
      deployment: 'd',
      msg: 'deployment wanted',
    });
  });

  test.each([
    { token: 'hunter2' },
    { req: { headers: { authorization: 'hunter2' } } },
    { body: { password: 'hunter2' } },
    { headers: { 'set-cookie': 'hunter2' } },
  ])('masks %j', (fields) => {
    const lines: string[] = [];
    logInto(lines).info(fields, 'something happened');
    expect(lines[0]).toContain('***');
    expect(lines[0]).not.toContain('hunter2');
  });

  test('says nothing below its level', () => {
    const lines: string[] = [];
    logInto(lines).debug('not this');
    expect(lines).toEqual([]);
  });
});

describe('newRegistry', () => {
  test('labels every metric with the service', async () => {
    const text = await newRegistry('monitor').metrics();
    expect(text).toMatch(
      /^process_cpu_seconds_total\{service="monitor"\}|process_cpu_seconds_total\{.*service="monitor"/m,
    );
  });
});

describe('otlpEndpoint', () => {
  test('rewrites the Thrift door with a warning and leaves the rest alone', () => {
    const warned: unknown[] = [];
    const log = { warn: (fields: unknown) => void warned.push(fields) };
    expect(otlpEndpoint('http://jaeger:14268/api/traces', log as never)).toBe('http://jaeger:4318/v1/traces');
    expect(warned).toHaveLength(1);
    expect(otlpEndpoint('http://c:4318/v1/traces', log as never)).toBe('http://c:4318/v1/traces');
    expect(warned).toHaveLength(1);
  });
});

describe('tracing', () => {
  const disableAll = () => {
    trace.disable();
    context.disable();
    propagation.disable();
    diag.disable();
  };
  beforeEach(disableAll);
  afterEach(disableAll);
  const options = {
    enabled: true,
    serviceName: 'whoosh-test',
    version: '1',
    environment: 'test',
    sampleRate: 1,
  };

  test('sends spans that continue a remote trace', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        bodies.push(body);
        response.end('{}');
      });
    });
    collector.listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const { port } = collector.address() as AddressInfo;
    const tracing = startTracing({ ...options, endpoint: `http://127.0.0.1:${port}/v1/traces` });
    try {
      const inside = await withRemoteTrace(TRACEPARENT, () =>
        inSpan('scan', { kind: 'monitor', attributes: { repository: 'acme/orders' } }, () =>
          Promise.resolve(traceHeaders()),
        ),
      );
      expect(inside.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
      expect(inside.traceparent).not.toBe(TRACEPARENT);
      await expect(inSpan('fails', {}, () => Promise.reject(new Error('as it must')))).rejects.toThrow(
        'as it must',
      );
    } finally {
      await tracing.shutdown();
      collector.close();
    }
    expect(bodies.join()).toContain('0af7651916cd43dd8448eb211c80319c');
    expect(bodies.join()).toContain('acme/orders');
    expect(bodies.join()).toContain('as it must');
  });

  test('a dead collector neither throws nor holds the end back', async () => {
    const tracing = startTracing({ ...options, endpoint: 'http://127.0.0.1:1/v1/traces' });
    await inSpan('lost', {}, () => Promise.resolve());
    await expect(tracing.shutdown()).resolves.toBeUndefined();
  });

  test('switched off, it still passes a trace on', async () => {
    const tracing = startTracing({ ...options, enabled: false, endpoint: 'http://127.0.0.1:1' });
    expect(withRemoteTrace(TRACEPARENT, traceHeaders)).toEqual({ traceparent: TRACEPARENT });
    expect(withRemoteTrace('nonsense', traceHeaders)).toEqual({});
    expect(withRemoteTrace(undefined, traceHeaders)).toEqual({});
    await tracing.shutdown();
  });

  test('a line of the log names its trace', () => {
    startTracing({ ...options, enabled: false, endpoint: 'http://127.0.0.1:1' });
    const lines: string[] = [];
    withRemoteTrace(TRACEPARENT, () => logInto(lines).info('inside'));
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ trace_id: '0af7651916cd43dd8448eb211c80319c' });
  });
});
