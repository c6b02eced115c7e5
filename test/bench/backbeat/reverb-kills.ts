import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '@whoosh/stdx';
import { until } from '@whoosh/testkit';
import { type Audit, ReportStage } from './report-stage.ts';
import { type ServiceProcess } from './service-process.ts';

const TEMPO_BPM = 600;
const BAR_LENGTH = 4;
const AGENTS = 300;
const REPORT_TIMEOUT_MS = 30_000;
/** Half of the kills aim at where a marker is stored and its report is not. */
const AIMED_SHARE = 0.5;
const AIM_WITHIN_MS = 30;

/** Kills reverb so often, by SIGKILL somewhere in a window, while `replicas` of it work; then holds every report to account. */
export async function killReverb(kills: number, replicas: 1 | 2, seed: number): Promise<Audit> {
  const random = new Random(seed);
  await using stage = await ReportStage.open({
    tempoBpm: TEMPO_BPM,
    barLength: BAR_LENGTH,
    agents: AGENTS,
    seed,
  });
  const running: ServiceProcess[] = [];
  try {
    for (let i = 0; i < replicas; i += 1) running.push(await stage.reverb(`r${i}`));
    stage.pulse.start();
    for (let kill = 0; kill < kills; kill += 1) {
      // It has done some work first, and the windows from before it have their reports.
      const heard = stage.ears.windows;
      await until(() => stage.ears.windows > heard, {
        timeoutMs: REPORT_TIMEOUT_MS,
        describe: () => `a report before kill ${kill}: ${running.map(({ output }) => output).join()}`,
      });
      await wait(untilKill(stage, random));
      const victim = running.shift();
      victim?.signal('SIGKILL');
      await victim?.[Symbol.asyncDispose]();
      running.push(await stage.reverb(`r${replicas + kill}`));
    }
    await stage.settle();
    return await stage.audit();
  } finally {
    await Promise.all(running.map((reverb) => reverb[Symbol.asyncDispose]()));
  }
}

function untilKill(stage: ReportStage, random: Random): number {
  const fromMs = stage.windows.at(-1)?.fromMs ?? 0;
  const nowMs = performance.timeOrigin + performance.now();
  const intoMs = random.chance(AIMED_SHARE)
    ? stage.graceMs + random.next() * AIM_WITHIN_MS
    : random.next() * stage.windowMs;
  return Math.max(0, fromMs + stage.windowMs + intoMs - nowMs);
}
