import { describe, expect, test } from 'vitest';
import { type backbeat } from '@whoosh/contracts';
import { type Contact, pulseSlo, pulseView } from './pulse-view.ts';

const NODES = ['n1', 'n2', 'n3'] as const;

function statusOf(node: string, more: Partial<backbeat.PulseStatus> = {}): backbeat.PulseStatus {
  const role = more.role ?? 'follower';
  return {
    cluster: 'test',
    node,
    role,
    term: 3,
    leader: 'n2',
    epoch: 1,
    beat_index: 7,
    phase: 'review',
    downbeat: false,
    tempo_bpm: 120,
    target_bpm: 120,
    ramp: null,
    bar_length: 4,
    window_id: null,
    hlc: '0000:0000:0000',
    drift_ms: 0.1,
    jitter_ms: role === 'leader' ? { p50: 0.1, p95: 0.2, p99: 0.3 } : null,
    degraded: false,
    reason: null,
    peers: NODES.map((id) => ({
      id,
      address: `${id}:7420`,
      connected: role === 'leader' ? id !== 'n3' : id === 'n2' || id === node,
      self: id === node,
    })),
    nats: [{ server: 'nats://a', connected: true }],
    slo: { delivery: role !== 'leader', jitter: true },
    uptime_seconds: 5,
    ...more,
  };
}

const contacts = (...all: backbeat.PulseStatus[]) =>
  new Map(
    all.map((status, at): [string, Contact] => [status.node, { at: `2026-03-01T00:00:0${at}.000Z`, status }]),
  );

describe('the cluster in one view', () => {
  test('is that of its leader, who alone hears from everybody', () => {
    const known = contacts(statusOf('n1'), statusOf('n2', { role: 'leader' }), statusOf('n3'));
    const view = pulseView({ answered: new Set(['n1', 'n2']), contacts: known });
    expect(view).toMatchObject({ leader: 'n2', term: 3, jitter_ms: { p95: 0.2 }, reason: null });
    expect(
      view?.nodes.map(({ node, role, leads, answers, connected }) => [node, role, leads, answers, connected]),
    ).toEqual([
      ['n1', 'follower', false, true, true],
      ['n2', 'leader', true, true, true],
      ['n3', null, false, false, false],
    ]);
    expect(view?.nodes.map(({ last_contact_at: at }) => at)).toEqual([
      '2026-03-01T00:00:00.000Z',
      '2026-03-01T00:00:01.000Z',
      '2026-03-01T00:00:02.000Z',
    ]);
    expect(pulseSlo({ answered: new Set(['n1', 'n2']), contacts: known })).toEqual({
      delivery: false,
      jitter: true,
    });
  });

  test('believes the newest term, not a leader that was replaced', () => {
    const known = contacts(
      statusOf('n1', { role: 'leader', term: 2, leader: 'n1' }),
      statusOf('n3', { term: 3, leader: 'n2' }),
    );
    expect(pulseView({ answered: new Set(['n1', 'n3']), contacts: known })).toMatchObject({
      leader: 'n2',
      term: 3,
    });
  });

  test('without anybody who answers shows whom it knew, and no leader', () => {
    const known = contacts(statusOf('n2', { role: 'leader' }));
    const view = pulseView({ answered: new Set(), contacts: known });
    expect(view).toMatchObject({ leader: null, jitter_ms: null, reason: 'no pulse answers' });
    expect(view?.nodes.some(({ answers, connected, leads }) => answers || connected || leads)).toBe(false);
    expect(pulseSlo({ answered: new Set(), contacts: known })).toEqual({});
    expect(pulseView({ answered: new Set(), contacts: new Map() })).toBeNull();
  });
});
