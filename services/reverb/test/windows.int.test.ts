import { type Fleet } from '@whoosh/backbeat-sdk';
import { backbeat } from '@whoosh/contracts';
import { Random } from '@whoosh/stdx';
import { until } from '@whoosh/testkit';
import { describe, expect, test } from 'vitest';
import { serveCalls } from '../src/serve.ts';
import { CLUSTER, putRaw, type Replica, Stage } from './stage.ts';

const AGENTS = Array.from({ length: 30 }, (_, i) => `agent:${i}`);

/** Makes every agent answer every beat, as a real one would: tasks that begin, are promised, are done. */
function work(fleet: Fleet, random = new Random(7)): { stop: () => Promise<void> } {
  const running: Promise<unknown>[] = [];
  const leave = fleet.onBeat((beat) => {
    for (const agentId of AGENTS) {
      if (random.chance(0.1)) continue;
      const state = random.pick(backbeat.CLAIM_STATES);
      const claim = {
        state,
        task_id: `t:${random.int(1, 3)}`,
        ...(random.chance(0.5) && { beats_left: random.int(0, 5) }),
        progress: random.pick([0, 0.5, 1]),
      };
      running.push(fleet.emitStatusClaim(agentId, claim).catch(() => undefined));
    }
    void beat;
  });
  return {
    async stop() {
      leave();
      await Promise.all(running);
    },
  };
}

describe('reverb', () => {
  test('reports every window once, to the stream and to core subscribers, equal to a recomputation', async () => {
    await using stage = await Stage.open();
    await using replica = await stage.reverb();
    const fleet = await stage.fleet();
    const working = work(fleet);
    stage.pulse.start();
    await until(() => stage.heard.length >= 4);
    await working.stop();
    stage.pulse.stop();
    const { stored, recomputed } = await stage.reportsEqualRecomputation();
    expect(stored).toEqual(recomputed);
    const ids = (stored as backbeat.BarReport[]).map(({ window_id: id }) => id);
    await until(() => stage.heard.length >= ids.length);
    // One more may have been closed meanwhile.
    expect(stage.heard.slice(0, ids.length).map(({ window_id: id }) => id)).toEqual(ids);
    expect(stage.heard[1]).toMatchObject({ agents_reporting: 30, secret_rotations_ok: true });
    // Of the order of a beat, not of the clock: how exact it is depends on the host.
    expect(Math.abs(stage.heard[1]?.tempo_drift_ms ?? Infinity)).toBeLessThan(5_000);
    expect(replica.reverb.recent.all.length).toBeGreaterThanOrEqual(4);
  });

  test('two replicas give one report per window, the same that each would give', async () => {
    await using stage = await Stage.open();
    await using one = await stage.reverb();
    await using two = await stage.reverb();
    const working = work(await stage.fleet());
    stage.pulse.start();
    await until(() => stage.heard.length >= 4);
    await working.stop();
    stage.pulse.stop();
    const { stored, recomputed } = await stage.reportsEqualRecomputation();
    expect(stored).toEqual(recomputed);
    const ids = (stored as backbeat.BarReport[]).map(({ window_id: id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    // Not all they have: windows with late claims may still be closed on the grid.
    const reportsOf = ({ reverb }: Replica) => ids.map((id) => reverb.recent.get(id)?.report);
    await until(() => [one, two].every((replica) => reportsOf(replica).every(Boolean)));
    expect(reportsOf(one)).toEqual(reportsOf(two));
  });

  test('killed in mid-window, again and again, loses no report and doubles none', async () => {
    await using stage = await Stage.open();
    const working = work(await stage.fleet());
    stage.pulse.start();
    for (let round = 1; round <= 5; round += 1) {
      const replica = await stage.reverb();
      await until(
        () =>
          replica.reverb.recent.all.length >= 1 &&
          replica.reverb.options.listener.currentBeat()?.phase === 'execution',
        { timeoutMs: 60_000 },
      );
      // No farewell: connections are cut under it.
      await replica.bus.connection.close();
      await replica[Symbol.asyncDispose]();
    }
    await using last = await stage.reverb();
    const count = stage.heard.length;
    await until(() => stage.heard.length >= count + 2);
    await working.stop();
    stage.pulse.stop();
    const { stored, recomputed } = await stage.reportsEqualRecomputation();
    expect(stored).toEqual(recomputed);
    const windows = stored as backbeat.BarReport[];
    for (const [i, { from_beat: from }] of windows.entries())
      expect(from).toBe(i === 0 ? from : (windows[i - 1]?.to_beat ?? 0) + 1);
    expect(last.reverb.session?.isCaughtUp).toBe(true);
  });

  test('counts late, forged, malformed and doubled claims as what they are', async () => {
    await using stage = await Stage.open({ tempoBpm: 300 });
    await using replica = await stage.reverb();
    const { connection } = stage.bus;
    stage.pulse.start();
    await until(() => replica.reverb.options.listener.currentBeat());
    const claim = {
      type: 'backbeat.statusclaim.v1',
      agent_id: 'a',
      beat_index: 1,
      state: 'executing',
      hlc: '0001:0002:0003',
    };
    for (const body of [
      claim,
      claim,
      '{',
      { ...claim, state: 'dancing' },
      { ...claim, agent_id: 'b' },
      { ...claim, beat_index: 5_000 },
    ]) {
      await putRaw(connection, `backbeat.${CLUSTER}.claim.a`, body);
    }
    await until(() => stage.heard.length === 1);
    await putRaw(connection, `backbeat.${CLUSTER}.claim.late`, { ...claim, agent_id: 'late', beat_index: 2 });
    await until(() => stage.heard.length === 2);
    stage.pulse.stop();
    const [first, second] = stage.heard;
    const issues = (report: backbeat.BarReport | undefined) =>
      Object.fromEntries(report?.issues.map(({ category, count }) => [category, count]) ?? []);
    expect(first?.agents_reporting).toBe(1);
    expect(issues(first)).toMatchObject({
      invalid_claims_malformed: 1,
      invalid_claims_schema: 1,
      invalid_claims_foreign_agent: 1,
    });
    expect(issues(second)).toMatchObject({ late_claims: 1, invalid_claims_ahead: 1, silent_agents: 1 });
    const { stored, recomputed } = await stage.reportsEqualRecomputation();
    expect(stored).toEqual(recomputed);
  });

  test('goes on without a pulse: windows with claims are closed on the grid, empty ones are counted', async () => {
    await using stage = await Stage.open();
    await using replica = await stage.reverb();
    stage.pulse.start();
    await until(() => stage.heard.length >= 5);
    stage.pulse.stop();
    const { listener } = replica.reverb.options;
    await until(() => listener.health().mode === 'degraded');
    // Three windows pass without a frame or a claim, then somebody speaks.
    const from = listener.currentWindow()?.to ?? 0;
    await until(() => (listener.currentBeat()?.index ?? 0) > from + 13);
    const beat = listener.currentBeat()?.index ?? 0;
    const claim = {
      type: 'backbeat.statusclaim.v1',
      agent_id: 'a',
      beat_index: beat,
      state: 'executing',
      hlc: '0001:0002:0003',
      metadata: { degraded: true },
    };
    await putRaw(stage.bus.connection, `backbeat.${CLUSTER}.claim.a`, claim);
    await until(() => stage.heard.some(({ from_beat: low, to_beat: high }) => low <= beat && beat <= high), {
      timeoutMs: 60_000,
    });
    const report = stage.heard.find(({ from_beat: low, to_beat: high }) => low <= beat && beat <= high);
    expect(report?.agents_reporting).toBe(1);
    expect(
      report?.issues.find(({ category }) => category === 'missed_windows')?.count,
    ).toBeGreaterThanOrEqual(1);
    const marker = stage.raw
      .filter(({ subject }) => subject.includes('.close.'))
      .map(({ text }) => backbeat.WindowClose.parse(JSON.parse(text)));
    expect(marker.find(({ window_id: id }) => id === report?.window_id)).toMatchObject({
      reason: 'grid',
      tempo_drift_ms: 0,
    });
  });

  test('a broker that goes away and comes back costs no window; they are closed in order, with the issue', async () => {
    await using stage = await Stage.open();
    await using replica = await stage.reverb();
    const working = work(await stage.fleet());
    stage.pulse.start();
    await until(() => stage.heard.length >= 3);
    await stage.nats.kill('SIGKILL');
    const { listener } = replica.reverb.options;
    const at = listener.currentBeat()?.index ?? 0;
    await until(() => (listener.currentBeat()?.index ?? 0) > at + 9);
    await stage.nats.restart();
    const before = (await until(() => stage.stored())).length;
    await until(async () => (await stage.stored()).length >= before + 4, { timeoutMs: 30_000 });
    await working.stop();
    stage.pulse.stop();
    const { stored, recomputed } = await stage.reportsEqualRecomputation();
    expect(stored).toEqual(recomputed);
    const reports = stored as backbeat.BarReport[];
    expect(reports.map(({ from_beat: from }) => from)).toEqual(
      reports.map(({ from_beat: from }) => from).toSorted((a, b) => a - b),
    );
    expect(reports.some(({ issues }) => issues.some(({ category }) => category === 'stream_outage'))).toBe(
      true,
    );
  });

  test('answers calls about windows, reports and itself', async () => {
    await using stage = await Stage.open();
    await using replica = await stage.reverb();
    serveCalls(replica.bus, replica.reverb);
    await replica.bus.flush();
    const working = work(await stage.fleet());
    stage.pulse.start();
    await until(() => stage.heard.length >= 6);
    const at = { cluster: CLUSTER };
    const { items } = await stage.bus.callAt(backbeat.listWindows.subject.at(at), backbeat.listWindows, {
      limit: 20,
    });
    expect(items.map(({ state }) => state)).toContain('reported');
    expect(items.map(({ from_beat: from }) => from)).toEqual(
      items.map(({ from_beat: from }) => from).toSorted((a, b) => b - a),
    );
    const newest = items.find(({ state }) => state === 'reported');
    const details = await stage.bus.callAt(backbeat.getWindow.subject.at(at), backbeat.getWindow, {
      window_id: newest?.window_id ?? '',
    });
    expect(details.report?.window_id).toBe(newest?.window_id);
    expect(details.details?.length).toBe(details.report?.agents_reporting);
    const oldest = stage.heard[0]?.window_id ?? '';
    await expect(
      stage.bus.callAt(backbeat.getWindow.subject.at(at), backbeat.getWindow, { window_id: oldest }),
    ).resolves.toMatchObject({ details: null });
    await expect(
      stage.bus.callAt(backbeat.getWindow.subject.at(at), backbeat.getWindow, { window_id: 'f'.repeat(32) }),
    ).rejects.toMatchObject({ code: 'not_found' });
    const page = await stage.bus.callAt(backbeat.listReports.subject.at(at), backbeat.listReports, {
      limit: 2,
    });
    expect(page.items).toHaveLength(2);
    const next = await stage.bus.callAt(backbeat.listReports.subject.at(at), backbeat.listReports, {
      limit: 2,
      before_beat: page.next_before_beat ?? 0,
      before_epoch: page.next_before_epoch ?? 0,
    });
    expect(next.items[0]?.report.to_beat).toBe((page.items[1]?.report.from_beat ?? 0) - 1);
    await expect(
      stage.bus.callAt(backbeat.listReports.subject.at(at), backbeat.listReports, {
        limit: 2,
        before_epoch: 1,
      }),
    ).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('only together with before_beat'),
    });
    const status = await stage.bus.callAt(
      backbeat.getReverbStatus.subject.at(at),
      backbeat.getReverbStatus,
      {},
    );
    expect(status).toMatchObject({
      cluster: CLUSTER,
      database: 'off',
      slo: { rollup: expect.any(Boolean), drift: expect.any(Boolean) },
    });
    expect(status.beat_index).toBeGreaterThan(20);
    await working.stop();
  });
});
