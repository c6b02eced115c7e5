import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type Random } from '@whoosh/stdx';
import { type FuzzTarget, mutateMessage } from '@whoosh/stdx/testing';
import type * as z from 'zod';
import { backbeat, schemaFiles, tasks } from '../../src/index.ts';
import { rotation, taskView, windowClose } from '../../src/testing/index.ts';

const folder = new URL('../../fixtures/backbeat/', import.meta.url);
const WINDOW = '0'.repeat(31) + '7';

/** The labelled examples of a type, valid and invalid: both are good beginnings. */
function examples(prefix: string): readonly unknown[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix))
    .map((name) => (JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as { message: unknown }).message);
}

const REPORT = {
  type: 'backbeat.barreport.v1',
  window_id: WINDOW,
  from_beat: 4,
  to_beat: 7,
  agents_reporting: 3,
  on_time_reviews: 2,
  help_promises_fulfilled: 1,
  secret_rotations_ok: true,
  tempo_drift_ms: -0.4,
  issues: [{ severity: 'warning', category: 'late_claims', count: 2, description: 'late' }],
};
/** What the reader takes, the published schema takes too: nobody relies on a message that others refuse. */
function parserTarget(type: string, reader: z.ZodType, samples: readonly unknown[]): FuzzTarget {
  const file = schemaFiles('draft-2020-12').find((each) => each.type === type);
  if (file === undefined) throw new Error(`no schema of ${type}`);
  const isPublished = new Ajv2020({ strict: false, validateFormats: false }).compile(file.schema);
  const decoder = new TextDecoder();
  return (random: Random) => {
    const text = decoder.decode(mutateMessage(random, random.pick(samples)));
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return false;
    }
    const parsed = reader.safeParse(value);
    if (parsed.success && !isPublished(value)) throw new Error(`taken, but refused by the schema: ${text}`);
    return parsed.success;
  };
}

const TASK = {
  ...taskView({ title: 'a brief', labels: ['brief'], kind: 'brief' }),
  change: { from: null, to: 'open', reason: 'seen', by: 'monitor' },
};

export const TARGETS: Readonly<Record<string, () => FuzzTarget>> = {
  BeatFrame: () => parserTarget('backbeat.beatframe.v1', backbeat.BeatFrame, examples('beatframe')),
  StatusClaim: () => parserTarget('backbeat.statusclaim.v1', backbeat.StatusClaim, examples('statusclaim')),
  BarReport: () =>
    parserTarget('backbeat.barreport.v1', backbeat.BarReport, [REPORT, ...examples('barreport')]),
  Rotation: () => parserTarget('backbeat.rotation.v1', backbeat.Rotation, [rotation()]),
  WindowClose: () => parserTarget('backbeat.windowclose.v1', backbeat.WindowClose, [windowClose()]),
  'data of an event': () => parserTarget(tasks.taskOpened.type, tasks.taskOpened.data, [TASK]),
};
