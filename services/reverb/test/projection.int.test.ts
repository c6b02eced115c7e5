import { databaseConfig, databaseEnv, Secret } from '@whoosh/config';
import { backbeat } from '@whoosh/contracts';
import { migrateIfWanted, openDatabase } from '@whoosh/db';
import { newRegistry } from '@whoosh/telemetry';
import { cloneDatabase, quietLog, until } from '@whoosh/testkit';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { NO_PROMISES } from '../src/domain/promise-list.ts';
import { getWindow } from '../src/handlers/windows.ts';
import { type ListedReport, type ReportCursor } from '../src/domain/report-cursor.ts';
import { listReports } from '../src/handlers/reports.ts';
import { Sweep } from '../src/report-sweep.ts';
import { keptSince, REPORTS_KEPT_DAYS, ReportStore } from '../src/store/reports.ts';
import { CLUSTER, Stage } from './stage.ts';

async function openStore() {
  const database = await cloneDatabase();
  const config = { ...databaseConfig(z.object(databaseEnv).parse({})), url: new Secret(database.url) };
  const db = openDatabase(config, { service: 'reverb', log: quietLog(), registry: newRegistry('reverb') });
  return {
    db,
    store: {
      reports: new ReportStore(db),
      prepare: (signal: AbortSignal) => migrateIfWanted(config, { log: quietLog(), signal }),
    },
    rows: async () =>
      (await db.selectFrom('bar_reports').select('window_id').orderBy('from_beat').execute()).map(
        (row) => row.window_id,
      ),
    async [Symbol.asyncDispose]() {
      await db.destroy();
      await database[Symbol.asyncDispose]();
    },
  };
}

const HOUR_MS = 3_600_000;

/** A report of the life `epoch` whose window begins with this beat. */
async function record(
  reports: ReportStore,
  { epoch, from, recordedAt = new Date() }: { epoch: number; from: number; recordedAt?: Date },
): Promise<string> {
  const windowId = `${epoch}${from}`.repeat(16).slice(-32);
  await reports.record({
    clusterId: CLUSTER,
    epoch,
    report: {
      type: 'backbeat.barreport.v1',
      window_id: windowId,
      from_beat: from,
      to_beat: from + 3,
      agents_reporting: 0,
      on_time_reviews: 0,
      help_promises_fulfilled: 0,
      secret_rotations_ok: true,
      tempo_drift_ms: 0,
      issues: [],
    },
    openPromises: NO_PROMISES,
    streamSequence: from + 1,
    recordedAt,
  });
  return windowId;
}

describe('bar_reports', () => {
  test('gets every report once, with two replicas writing', async () => {
    await using stage = await Stage.open();
    await using target = await openStore();
    const tooOld = new Date(keptSince(Date.now()).getTime() - 1);
    const old = await record(target.store.reports, { epoch: 1, from: 9_999_999, recordedAt: tooOld });
    await using one = await stage.reverb({ store: target.store });
    await using two = await stage.reverb({ store: target.store });
    stage.pulse.start();
    await until(() => stage.heard.length >= 4);
    stage.pulse.stop();
    const ids = (await stage.stored()).map(({ window_id: id }) => id);
    await until(async () => (await target.rows()).length >= ids.length);
    expect((await target.rows()).slice(0, ids.length)).toEqual(ids);
    await until(async () => !(await target.rows()).includes(old), { describe: 'the old one to go' });
    const [row] = await target.db.selectFrom('bar_reports').selectAll().execute();
    expect(row).toMatchObject({ cluster_id: CLUSTER, epoch: String(stage.pulse.epoch) });
    expect(Number(row?.stream_sequence)).toBeGreaterThan(0);
    expect([one, two].map(({ reverb }) => reverb.database)).toEqual(['connected', 'connected']);
  });

  test('catches up with what was reported while there was no database', async () => {
    await using stage = await Stage.open();
    await using target = await openStore();
    const gate = Promise.withResolvers<void>();
    const prepare = async (signal: AbortSignal): Promise<void> => {
      await gate.promise;
      await target.store.prepare(signal);
    };
    await using replica = await stage.reverb({ store: { ...target.store, prepare } });
    stage.pulse.start();
    await until(() => stage.heard.length >= 3);
    expect(replica.reverb.database).toBe('away');
    expect(await target.rows()).toEqual([]);
    gate.resolve();
    const ids = stage.heard.map(({ window_id: id }) => id);
    await until(async () => (await target.rows()).length >= ids.length);
    expect((await target.rows()).slice(0, ids.length)).toEqual(ids);
  });

  test('waits for a table that is gone, loses nothing, and the API asks the stream meanwhile', async () => {
    await using stage = await Stage.open();
    await using target = await openStore();
    await using replica = await stage.reverb({ store: target.store });
    stage.pulse.start();
    await until(async () => (await target.rows()).length >= 1);
    await target.db.schema.alterTable('bar_reports').renameTo('bar_reports_away').execute();
    const count = stage.heard.length;
    await until(() => stage.heard.length >= count + 2);
    await until(() => replica.reverb.database === 'away');
    const page = await listReports(replica.reverb, 1, {});
    expect(page.items[0]?.report.from_beat).toBeGreaterThanOrEqual(
      stage.heard.at(-2)?.from_beat ?? Number.NaN,
    );
    await target.db.schema.alterTable('bar_reports_away').renameTo('bar_reports').execute();
    const ids = stage.heard.map(({ window_id: id }) => id);
    await until(async () => (await target.rows()).length >= ids.length, { timeoutMs: 30_000 });
    expect((await target.rows()).slice(0, ids.length)).toEqual(ids);
  });

  test('goes on behind a report that can be no row; the stream still has it', async () => {
    await using stage = await Stage.open();
    await using target = await openStore();
    const windowId = 'ab'.repeat(16);
    const unfit = {
      type: 'backbeat.barreport.v1',
      window_id: windowId,
      from_beat: 0,
      to_beat: 3,
      agents_reporting: 0,
      on_time_reviews: 0,
      help_promises_fulfilled: 0,
      secret_rotations_ok: true,
      tempo_drift_ms: 0,
      // PostgreSQL keeps no zero byte in JSON.
      issues: [{ severity: 'info', category: 'odd', count: 1, description: 'a\u0000b' }],
    };
    await stage.bus.store(`backbeat.${CLUSTER}.report.store.${windowId}`, unfit);
    await stage.bus.store(`backbeat.${CLUSTER}.report.store.${'cd'.repeat(16)}`, { type: 'none' });
    await using replica = await stage.reverb({ store: target.store });
    stage.pulse.start();
    await until(async () => (await target.rows()).length >= 2);
    expect(await target.rows()).not.toContain(windowId);
    expect(replica.reverb.tally.brokenByKind).toMatchObject({ report_no_row: 1, report_schema: 1 });
    const found = await replica.reverb.stream.get(windowId);
    expect(found?.report.window_id).toBe(windowId);
  });

  test('answers for windows that are no longer in memory', async () => {
    await using stage = await Stage.open();
    await using target = await openStore();
    const first = await stage.reverb({ store: target.store });
    stage.pulse.start();
    await until(async () => (await target.rows()).length >= 2);
    const [oldest] = await target.rows();
    await first[Symbol.asyncDispose]();
    await using second = await stage.reverb({ store: target.store });
    await until(() => second.reverb.database === 'connected');
    const details = await getWindow(second.reverb, (oldest ?? '').toUpperCase());
    expect(backbeat.WindowDetails.parse(details)).toMatchObject({
      window: { window_id: oldest, state: 'reported' },
      details: null,
    });
  });

  test('pages through the lives of the cluster, each report once', async () => {
    await using target = await openStore();
    const reports = target.store.reports;
    const ids: string[] = [];
    for (const [epoch, from] of [
      [1, 0],
      [1, 4],
      [1, 8],
      [2, 0],
      [2, 4],
    ] as const) {
      ids.unshift(await record(reports, { epoch, from }));
    }
    const seen: string[] = [];
    for (let cursor: ReportCursor | undefined = {}; cursor !== undefined;) {
      const page: readonly ListedReport[] = await reports.list(CLUSTER, 2, cursor);
      seen.push(...page.map(({ stored }) => stored.report.window_id));
      const last = page.at(-1);
      cursor = last && { epoch: last.epoch, beat: last.stored.report.from_beat };
    }
    expect(seen).toEqual(ids);
    const [newest] = await reports.list(CLUSTER, 1, { beat: 4 });
    expect(newest?.stored.report.window_id).toBe(ids[1]);
  });

  test('are kept for 90 days to the millisecond; older ones go, the oldest first, so many at once', async () => {
    await using target = await openStore();
    let nowMs = Date.UTC(2026, 6, 1);
    const since = nowMs - 90 * 24 * HOUR_MS;
    expect([REPORTS_KEPT_DAYS, keptSince(nowMs).getTime()]).toEqual([90, since]);
    const ids = [];
    for (const [at, recordedMs] of [-4_000, -3_000, -2_000, -1_000, -1, 0, 1, HOUR_MS].entries()) {
      const recordedAt = new Date(since + recordedMs);
      ids.push(await record(target.store.reports, { epoch: 1, from: 10 + at, recordedAt }));
    }
    const store = target.store.reports;
    const sweep = new Sweep({ store, log: quietLog(), nowMs: () => nowMs, rowsMax: 2 });
    for (const [deleted, left] of [
      [2, 6],
      [2, 4],
      [1, 3],
      [undefined, 3],
    ] as const) {
      expect(await sweep.step()).toBe(deleted);
      expect(await target.rows()).toEqual(ids.slice(-left));
    }
    nowMs += HOUR_MS;
    expect([await sweep.step(), await sweep.step()]).toEqual([2, 0]);
    expect(await target.rows()).toEqual(ids.slice(-1));
    nowMs -= 24 * 365 * HOUR_MS;
    expect([await sweep.step(), await sweep.step()]).toEqual([0, undefined]);
    await target.db.schema.dropTable('bar_reports').execute();
    nowMs += HOUR_MS;
    expect([await sweep.step(), await sweep.step()]).toEqual([0, undefined]);
  });

  test('are swept by several at once without one waiting for another', async () => {
    await using target = await openStore();
    const recordedAt = new Date(0);
    const store = target.store.reports;
    for (let from = 10; from < 40; from += 1) await record(store, { epoch: 1, from, recordedAt });
    const sweep = async () => store.deleteOlderThan(new Date(1), 8);
    const taken = await Promise.all([sweep(), sweep(), sweep()]);
    expect(taken.every((rows) => rows <= 8)).toBe(true);
    expect(await target.rows()).toHaveLength(30 - taken.reduce((sum, rows) => sum + rows, 0));
  });
});
