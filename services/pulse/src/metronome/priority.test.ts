import { once } from 'node:events';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

test('the thread that asks goes first, where that is allowed, and it alone', async () => {
  const before = getPriority();
  const module = new URL('./priority.ts', import.meta.url).href;
  const worker = new Worker(
    `const { getPriority } = require('node:os');
     const { parentPort } = require('node:worker_threads');
     import(${JSON.stringify(module)}).then(({ raisePriority }) =>
       parentPort.postMessage({ isRaised: raisePriority(), priority: getPriority() }));`,
    { eval: true },
  );
  const [{ isRaised, priority }] = (await once(worker, 'message')) as [
    { isRaised: boolean; priority: number },
  ];
  await worker.terminate();
  expect(priority).toBe(isRaised ? -10 : before);
  if (process.platform === 'linux') expect(getPriority()).toBe(before);
});
