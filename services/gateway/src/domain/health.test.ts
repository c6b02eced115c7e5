import { describe, expect, test } from 'vitest';
import { detailsBody, EXPECTED_SERVICES, healthBody, readinessBody, type ReplicaHealth } from './health.ts';

const replica = (service: string, change: Partial<ReplicaHealth> = {}): ReplicaHealth => ({
  service,
  instance: `${service}-1`,
  version: '1',
  started: '2026-01-01T00:00:00Z',
  status: 'ok',
  dependencies: {},
  details: {},
  ...change,
});
const beat = { enabled: true, connected: true, currentBeat: 12_345, currentTempo: 2 };
const all = EXPECTED_SERVICES.map((name) => {
  if (name === 'monitor') {
    return replica(name, {
      dependencies: { gitea: 'ok', database: 'ok' },
      details: { endpoint: 'http://g' },
    });
  }
  return replica(name, name === 'orchestrator' ? { dependencies: { runtime: 'swarm' } } : {});
});
const details = (replicas: readonly ReplicaHealth[], change = {}) =>
  detailsBody({ version: '1', nowMs: 1_696_118_400_500, isBusConnected: true, beat, replicas, ...change });

test('alive is what the documents say', () => {
  expect(healthBody('0.1.0', beat)).toEqual({
    status: 'ok',
    service: 'whoosh',
    version: '0.1.0',
    backbeat: { enabled: true, connected: true, current_beat: 12_345 },
  });
});

test.each<[string, boolean, string[], boolean, string]>([
  ['a database that answers', true, ['ok'], true, 'connected'],
  ['one owner that reaches it', true, ['ok', 'timeout'], true, 'connected'],
  ['nobody who reaches it', true, ['timeout', 'away'], false, 'disconnected'],
  ['nobody who says', true, [], false, 'unknown'],
  ['only one who does without', true, ['off'], false, 'unknown'],
  ['a broker that is away', false, ['ok'], false, 'connected'],
])('ready with %s', (_name, isBusConnected, words, ready, database) => {
  const replicas = words.map((word) => replica('x', { dependencies: { database: word } }));
  expect(readinessBody(isBusConnected, replicas)).toMatchObject({ ready, body: { database } });
});

describe('the details', () => {
  test('are healthy when everything is', () => {
    expect(details(all)).toMatchObject({
      service: 'whoosh',
      timestamp: 1_696_118_400,
      status: 'healthy',
      components: {
        database: { status: 'healthy', type: 'postgresql', statistics: { max_conns: 0 } },
        gitea: { status: 'healthy', endpoint: 'http://g' },
        backbeat: { status: 'healthy', connected: true, current_tempo: 2 },
        docker_swarm: { status: 'healthy' },
      },
      missing_services: [],
    });
  });

  test('name a service that nobody answers for', () => {
    const body = details(all.filter(({ service }) => service !== 'council'));
    expect([body.status, body.missing_services]).toEqual(['degraded', ['council']]);
  });

  test.each<[string, ReplicaHealth[], object, string]>([
    ['a beat that is not heard', [], { beat: { ...beat, connected: false } }, 'degraded'],
    ['a beat that is switched off', [], { beat: { ...beat, enabled: false, connected: false } }, 'healthy'],
    [
      'agents as processes',
      [replica('orchestrator', { dependencies: { runtime: 'process' } })],
      {},
      'degraded',
    ],
    ['a replica that is degraded', [replica('monitor', { status: 'degraded' })], {}, 'degraded'],
    ['a broker that is away', [], { isBusConnected: false }, 'degraded'],
  ])('with %s', (_name, more, change, status) => {
    expect(details([...all, ...more], change).status).toBe(status);
  });

  test('take agents as processes for no fault', () => {
    const replicas = all.map((one) =>
      one.service === 'orchestrator' ? { ...one, dependencies: { runtime: 'process' } } : one,
    );
    const body = details(replicas);
    expect([body.status, body.components.docker_swarm]).toEqual([
      'healthy',
      { status: 'disabled', note: 'agents run as processes' },
    ]);
  });
});
