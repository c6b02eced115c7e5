import { createHmac, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstream } from '@nats-io/jetstream';
import { addRepository, fleetOnline, REPOSITORY } from '../main-job/main-job.ts';
import { BRIEF, TASK } from '../main-job/gitea.ts';
import { startWhoosh, type RunningWhoosh } from '../main-job/running-whoosh.ts';
import { distribution, percentile, type Figures, type Row } from './row.ts';

const SAMPLES = 40;
const WAIT_MS_MAX = 20_000;

/** No agents are started and nothing is polled: what is measured is the way through the services. */
const ALONE = {
  WHOOSH_AGENT_RUNTIME: 'none',
  WHOOSH_MONITOR_POLL_INTERVAL: '1h',
  WHOOSH_SERVER_RATE_LIMIT_PER_MINUTE: '100000',
};

async function appears(whoosh: RunningWhoosh, sql: string, value: unknown): Promise<number> {
  const started = performance.now();
  while (performance.now() - started < WAIT_MS_MAX) {
    const { rowCount } = await whoosh.database.query(sql, [value]);
    if ((rowCount ?? 0) > 0) return performance.now() - started;
  }
  throw new Error(`not stored within ${WAIT_MS_MAX} ms: ${sql}`);
}

/** The least that any way through a broker and a database costs here: one acknowledged publish, one committed insert. */
async function bareWay(whoosh: RunningWhoosh): Promise<Figures> {
  await whoosh.database.query('create table if not exists bench_bare (id uuid primary key, body jsonb)');
  const js = jetstream(whoosh.nats);
  const samples: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    const id = randomUUID();
    const started = performance.now();
    await js.publish(`whoosh.v1.agents.opportunity.${id}`, JSON.stringify({ id }));
    await whoosh.database.query('insert into bench_bare values ($1, $2)', [id, JSON.stringify({ id })]);
    samples.push(performance.now() - started);
  }
  await whoosh.database.query('drop table bench_bare');
  return distribution(samples);
}

export const webhookToCouncil: Row = {
  name: 'M1',
  what: 'signed webhook sent → council stored (door, inbox, monitor reads the issue again, event, council)',
  aim: 'p95 ≤ 250 ms',
  baseline: 'one acknowledged publish and one committed insert',
  async measure() {
    await using whoosh = await startWhoosh({ env: ALONE });
    await addRepository(whoosh);
    await whoosh.gitea.faults({ drop: { probability: 1 } });
    const secret = (await readFile(join(whoosh.directory, 'secrets', 'webhook_token'), 'utf8')).trim();
    const { rows } = await whoosh.database.query<{ gitea_id: string }>('select gitea_id from repositories');
    const samples: number[] = [];
    for (let i = 0; i < SAMPLES; i++) {
      const { number } = await whoosh.gitea.open(REPOSITORY, { ...BRIEF, title: `${BRIEF.title} ${i}` });
      const body = JSON.stringify({
        action: 'opened',
        number,
        issue: { number, title: BRIEF.title },
        repository: { id: Number(rows[0]?.gitea_id), full_name: REPOSITORY },
      });
      const signature = createHmac('sha256', secret).update(body).digest('hex');
      const started = performance.now();
      const response = await fetch(`${whoosh.run.file().gateway}/webhooks/gitea`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          'x-gitea-event': 'issues',
          'x-gitea-event-type': 'issues',
          'x-gitea-delivery': randomUUID(),
          'x-gitea-signature': signature,
        },
      });
      if (response.status !== 202) throw new Error(`the door answered ${response.status}`);
      await appears(
        whoosh,
        'select from councils join tasks on tasks.id = councils.task_id where tasks.number = $1',
        number,
      );
      samples.push(performance.now() - started);
    }
    return {
      figures: distribution(samples),
      baseline: await bareWay(whoosh),
      met: percentile(samples, 0.95) <= 250,
    };
  },
};

export const taskToTeam: Row = {
  name: 'M2',
  what: 'task posted to the gateway → team stored (gateway, monitor, event, composer asks for the agents, decides)',
  aim: 'p95 ≤ 250 ms',
  baseline: 'one acknowledged publish and one committed insert',
  async measure() {
    await using whoosh = await startWhoosh({ env: ALONE });
    await fleetOnline(whoosh);
    const service = whoosh.rest.as(whoosh.run.file().tokens.service);
    const samples: number[] = [];
    for (let i = 0; i < SAMPLES; i++) {
      const started = performance.now();
      const task = await service.post<{ id: string }>('/api/v1/tasks/ingest', {
        source_type: 'bench',
        external_id: `bench-${i}`,
        title: `${TASK.title} ${i}`,
        body: TASK.body,
        labels: TASK.labels,
      });
      await appears(whoosh, 'select from teams where task_id = $1', task.id);
      samples.push(performance.now() - started);
    }
    return {
      figures: distribution(samples),
      baseline: await bareWay(whoosh),
      met: percentile(samples, 0.95) <= 250,
    };
  },
};
