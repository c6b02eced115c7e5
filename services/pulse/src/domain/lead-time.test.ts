import { expect, test } from 'vitest';
import { LeadTime } from './lead-time.ts';

test('the lead follows what commits take, within its bounds', () => {
  const lead = new LeadTime();
  const after = (commitMs: number, times: number): number => {
    for (let at = 0; at < times; at += 1) lead.observe(commitMs);
    return lead.ms;
  };
  expect(lead.ms).toBe(20);
  expect(after(100, 5)).toBe(20);
  expect(after(100, 20)).toBe(50);
  expect(after(1, 128)).toBe(10);
  // One slow commit of many is what the lead is for.
  expect(after(6, 2)).toBe(30);
});
