import { gzipSync } from 'node:zlib';
import { until } from '@whoosh/testkit';
import { backbeat } from '@whoosh/contracts';
import { describe, expect, test } from 'vitest';
import { Checkpoints } from '../src/checkpoints.ts';
import { WindowBook } from '../src/domain/window-book.ts';
import { CLUSTER, Stage } from './stage.ts';

async function claimsState(stage: Stage) {
  return (await stage.bus.jsm.streams.info('BACKBEAT_CLAIMS')).state;
}

/** Twenty agents that promise and keep, so that a checkpoint has something to carry. */
async function work(stage: Stage): Promise<void> {
  const fleet = await stage.fleet();
  fleet.onBeat(({ index }) => {
    for (let i = 0; i < 20; i += 1) {
      const state = (index + i) % 7 === 0 ? 'completed' : i % 2 === 0 ? 'helping' : 'executing';
      fleet.emitStatusClaim(`agent:${i}`, { state, task_id: 't', beats_left: 5 }).catch(() => undefined);
    }
  });
}

describe('the claims stream', () => {
  test('is purged behind checkpoints, and a restart from one gives the same reports', async () => {
    await using stage = await Stage.open();
    await work(stage);
    const checkpointEveryMs = 500;
    const first = await stage.reverb({ checkpointEveryMs });
    stage.pulse.start();
    await until(async () => (await claimsState(stage)).first_seq > 1, {
      timeoutMs: 60_000,
      describe: 'a purge',
    });
    await until(() => stage.pulse.index % 4 === 2);
    await first.bus.connection.close();
    await first[Symbol.asyncDispose]();
    const count = stage.heard.length;
    await using second = await stage.reverb({ checkpointEveryMs });
    expect(second.reverb.session?.book.markerSequence).toBeGreaterThan(0);
    await until(() => stage.heard.length >= count + 3);
    stage.pulse.stop();
    const { stored, recomputed } = await stage.reportsEqualRecomputation();
    expect(stored).toEqual(recomputed);
    const kept = await claimsState(stage);
    expect(kept.messages).toBeLessThan(stage.raw.length);
  });

  test('a replica that fell behind a purge begins again at the checkpoint', async () => {
    await using stage = await Stage.open();
    await work(stage);
    await using replica = await stage.reverb({ checkpointEveryMs: 500 });
    stage.pulse.start();
    await until(() => stage.heard.length >= 3);
    const session = replica.reverb.session;
    const write = (marker: number) =>
      stage.bus.store(
        `backbeat.${CLUSTER}.checkpoint`,
        gzipSync(JSON.stringify({ ...session?.book.checkpoint(), sequence: marker })),
        { headers: { 'Backbeat-Marker': String(marker) } },
      );
    await write(9_000_000);
    // As another replica writes it while this one does not get to read: behind a place that it has not seen closed.
    // It may close that very window meanwhile; then it fell behind nothing, and the next try counts.
    await until(
      async () => {
        if (replica.reverb.session === session) await write((session?.book.markerSequence ?? 0) + 1);
        return replica.reverb.session !== session;
      },
      { everyMs: 200, describe: 'a new session' },
    );
    const count = stage.heard.length;
    await until(() => stage.heard.length >= count + 2, { describe: 'further reports' });
    const ids = (await stage.stored()).map(({ window_id: id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await replica.metric('backbeat_reverb_rebuilds_total')).toMatch(/\} [1-9]/);
  });

  test('keeps the newer checkpoint when a replica that stood still writes an older one', async () => {
    await using stage = await Stage.open();
    await work(stage);
    await using replica = await stage.reverb({ checkpointEveryMs: 500 });
    const asleep = new Checkpoints(stage.bus, CLUSTER, 500);
    const old = (await asleep.load(() => undefined)).checkpoint();
    stage.pulse.start();
    await until(async () => (await claimsState(stage)).first_seq > 1, { describe: 'a purge' });
    expect(await asleep.write(old)).toBe('overtaken');
    stage.pulse.stop();
    const loaded = await new Checkpoints(stage.bus, CLUSTER, 500).load(() => undefined);
    expect(loaded.markerSequence).toBeGreaterThan(0);
    expect(replica.reverb.session?.isAway).toBe(false);
  });

  test('keeps the newer checkpoint when an older one was being packed while that was written and read', async () => {
    await using stage = await Stage.open();
    for (let i = 0; i < 3; i += 1) await stage.bus.store(`backbeat.${CLUSTER}.rotation`, {});
    const behind = (sequence: number) => ({ ...new WindowBook().checkpoint(), sequence });
    const checkpoints = new Checkpoints(stage.bus, CLUSTER, 500);
    expect(await checkpoints.write(behind(3))).toBe('written');
    // Now no other one was stored since the last that is known.
    await checkpoints.load(() => undefined);
    expect(await checkpoints.write(behind(2))).toBe('overtaken');
    const loaded = await new Checkpoints(stage.bus, CLUSTER, 500).load(() => undefined);
    expect(loaded.markerSequence).toBe(3);
  });

  test('is read from its beginning when the checkpoint cannot be', async () => {
    await using stage = await Stage.open();
    await work(stage);
    await stage.bus.store(`backbeat.${CLUSTER}.checkpoint`, new TextEncoder().encode('no gzip'));
    await using replica = await stage.reverb();
    stage.pulse.start();
    await until(() => stage.heard.length >= 2);
    expect(replica.reverb.session?.book.markerSequence).toBeGreaterThan(0);
    await stage.bus.store(`backbeat.${CLUSTER}.checkpoint`, gzipSync('{"sequence":1}'));
    await using second = await stage.reverb();
    await until(() => second.reverb.session?.isCaughtUp === true);
    stage.pulse.stop();
    const { stored, recomputed } = await stage.reportsEqualRecomputation();
    expect(stored).toEqual(recomputed);
  });

  test('of another cluster is left alone', async () => {
    await using stage = await Stage.open();
    await work(stage);
    const foreign = {
      type: 'backbeat.statusclaim.v1',
      agent_id: 'x',
      beat_index: 1,
      state: 'idle',
      hlc: '0000:0000:0000',
    };
    await stage.bus.store('backbeat.other.claim.x', foreign);
    await using replica = await stage.reverb({ checkpointEveryMs: 300 });
    stage.pulse.start();
    await until(() => replica.reverb.recent.all.length >= 1);
    await until(
      async () =>
        (await claimsState(stage)).num_deleted !== 0 ||
        (await claimsState(stage)).messages < stage.raw.length / 2,
      { timeoutMs: 60_000 },
    );
    const kept = await stage.bus.jsm.streams.getMessage('BACKBEAT_CLAIMS', {
      last_by_subj: 'backbeat.other.claim.x',
    });
    expect(backbeat.StatusClaim.parse(kept?.json())).toMatchObject({ agent_id: 'x' });
  });
});
