import { describe, expect, test } from 'vitest';
import { type backbeat } from '@whoosh/contracts';
import { judgeReports, type ReportRecord } from './report-rules.ts';
import { CLUSTER, EPOCH, soundFrame } from './sound-frames.ts';
import { type SentFrame, windowIdOf } from './wire-rules.ts';

const frames = Array.from({ length: 20 }, (_, index) => JSON.parse(soundFrame({ index }).text) as SentFrame);

function report(from: number, more: Partial<backbeat.BarReport> = {}): backbeat.BarReport {
  return {
    type: 'backbeat.barreport.v1',
    window_id: windowIdOf(CLUSTER, EPOCH, from),
    from_beat: from,
    to_beat: from + 3,
    agents_reporting: 2,
    on_time_reviews: 0,
    help_promises_fulfilled: 0,
    secret_rotations_ok: true,
    tempo_drift_ms: 0,
    issues: [],
    ...more,
  };
}

const store = (each: backbeat.BarReport) => ({
  subject: `backbeat.${CLUSTER}.report.store.${each.window_id}`,
  text: JSON.stringify(each),
});
const reports = [0, 4, 8, 12].map((from) => report(from));
const SOUND: ReportRecord = {
  cluster: CLUSTER,
  stored: reports.map(store),
  heard: reports.map((each) => ({ listener: 0, text: JSON.stringify(each) })),
  frames,
  agentsMax: 2,
};

test('one report per window is right, and so is an empty window that the next one counts', () => {
  expect(judgeReports(SOUND)).toEqual([]);
  const missed = report(12, { issues: [{ severity: 'warning', category: 'missed_windows', count: 1 }] });
  const quiet = frames.filter(({ beat_index: index }) => index < 8 || index > 11);
  const record = { ...SOUND, frames: quiet, heard: [], stored: [report(0), report(4), missed].map(store) };
  expect(judgeReports(record)).toEqual([]);
});

describe('the judge of reports sees', () => {
  test.each<[string, Partial<ReportRecord>, RegExp]>([
    ['a lost report', { stored: [report(0), report(4), report(12)].map(store) }, /from beat 8 has no report/],
    ['no reports at all', { stored: [], heard: [] }, /no reports/],
    ['two reports of a window', { stored: [...reports, report(8)].map(store) }, /has two reports/],
    [
      'a report under the window of another',
      {
        stored: [
          ...SOUND.stored.slice(0, 3),
          { ...store(report(12)), subject: `backbeat.c.report.store.${'0'.repeat(32)}` },
        ],
      },
      /stands under/,
    ],
    [
      'a window that is no bar',
      { stored: [...reports.slice(0, 3), report(13)].map(store) },
      /beats 13 to 16/,
    ],
    ['more agents than there are', { agentsMax: 1 }, /2 agents/],
    ['what is none', { stored: [...SOUND.stored, { subject: 'x', text: '{' }] }, /not a report/],
    ['a listener that hears one twice', { heard: [...SOUND.heard, ...SOUND.heard.slice(1, 2)] }, /twice/],
    [
      'a listener that hears another one',
      { heard: [{ listener: 1, text: JSON.stringify(report(4, { on_time_reviews: 1 })) }] },
      /another report/,
    ],
    [
      'an uncounted empty window',
      {
        frames: frames.filter(({ beat_index: index }) => index < 8 || index > 11),
        stored: [report(0), report(4), report(12)].map(store),
        heard: [],
      },
      /1 have no report, it names 0/,
    ],
  ])('%s', (_what, change, says) => {
    expect(judgeReports({ ...SOUND, ...change }).join('\n')).toMatch(says);
  });
});
