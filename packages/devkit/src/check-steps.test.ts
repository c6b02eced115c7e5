import { expect, test } from 'vitest';
import { checkSteps, countsOf, summaryOf, totalOf } from './check-steps.ts';

test('a run without a test, or without a result, has not passed', () => {
  expect(countsOf(undefined)).toEqual({ passed: false, note: 'no result was written' });
  const none = JSON.stringify({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 });
  expect(countsOf(none)).toEqual({ passed: false, note: 'no test ran' });
  const some = JSON.stringify({ numPassedTests: 3, numFailedTests: 1, numPendingTests: 2 });
  expect(countsOf(some)).toEqual({ passed: false, note: '3 passed, 1 failed, 2 skipped' });
});

test('the proof of a step tells a check of nothing from a check', () => {
  const layers = checkSteps.find(({ name }) => name === 'layers');
  expect(layers?.proof?.test('Checked 87 files in 23 packages, no issues found')).toBe(true);
  expect(layers?.proof?.test('Checked 0 files in 0 packages, no issues found')).toBe(false);
});

test('the verdict is the last line and names what failed', () => {
  const passed = { name: 'types', passed: true, seconds: 2, note: '' };
  const failed = { name: 'unit', passed: false, seconds: 12.34, note: '1 failed' };
  expect(summaryOf([passed]).split('\n').at(-1)).toBe('All passed.');
  expect(summaryOf([passed, failed]).split('\n').slice(-2)).toEqual([
    '  FAILED  unit           12.3 s  1 failed',
    'Failed: unit.',
  ]);
});

test('the tests of all steps are counted together, and steps without any say nothing', () => {
  const step = { name: 'unit', passed: true, seconds: 1, note: '' };
  expect(totalOf([step])).toBeUndefined();
  expect(
    totalOf([step, { ...step, note: '12 passed' }, { ...step, note: '3 passed, 2 failed, 1 skipped' }]),
  ).toBe('15 passed, 2 failed');
});
