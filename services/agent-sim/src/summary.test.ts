import { type Beat } from '@whoosh/backbeat-sdk';
import { quietLog } from '@whoosh/testkit';
import { expect, test } from 'vitest';
import { type FleetFigures } from './fleet-figures.ts';
import { showSummary } from './summary.ts';

const FIGURES: FleetFigures = {
  agents: 40,
  beats: 12,
  said: { honest: 400, duplicate: 7, late: 3, lie: 5 },
  silent: 60,
  held: 0,
  sent: 422,
  stored: 420,
  lost: 1,
  waiting: 1,
  completed: 20,
  failed: 2,
};
const beat = (degraded = false) => ({ index: 12, tempoBpm: 120, degraded }) as Beat;

/** What is written to a terminal of this width, 0 where it does not say; undefined stands for none. */
function shown(columns: number | undefined, figures = FIGURES, degraded = false): string[] {
  const written: string[] = [];
  const logged: object[] = [];
  const log = Object.assign(quietLog(), { info: (fields: object) => void logged.push(fields) });
  const terminal = {
    isTTY: columns !== undefined,
    columns,
    write: (text: string) => written.push(text) > 0,
  } as unknown as NodeJS.WriteStream;
  showSummary(beat(degraded), figures, { log, terminal });
  return [...written, ...logged.map((fields) => JSON.stringify(fields))];
}

test('on a terminal one line is rewritten, as long as the terminal is wide', () => {
  const [line = '', ...more] = shown(500);
  expect(more).toEqual([]);
  expect(line).toBe(
    '\r\u001b[Kbeat 12 · 120 BPM · 40 agents · stored 420 of 422 · lost 1 · tasks 20 done, 2 failed · ' +
      'claims 400, 7 twice, 3 late, 5 false · silent 60',
  );
  for (const columns of [20, 80]) {
    const [cut = ''] = shown(columns);
    expect(cut).toBe(line.slice(0, '\r\u001b[K'.length + columns - 1));
    expect(cut).not.toContain('\n');
  }
  expect(shown(0)[0]?.length).toBe('\r\u001b[K'.length + 119);
});

test('being alone and holding back are said where they happen', () => {
  expect(shown(500, { ...FIGURES, held: 9 }, true)[0]).toMatch(/beat 12 \(alone\) .* held back 9 ·/);
});

test('elsewhere it is a log line with all figures', () => {
  const lines = shown(undefined);
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
    { beat: 12, tempo_bpm: 120, degraded: false, ...FIGURES },
  ]);
});
