import { describe, expect, test } from 'vitest';
import { openLog } from '@whoosh/telemetry';
import { supervise } from './supervise.ts';

const log = openLog({ service: 'sample', level: 'silent', pretty: false });
const backoff = { baseMs: 1, maxMs: 2 };

describe('supervise', () => {
  test('begins a failed loop again until it returns', async () => {
    let runs = 0;
    const { promise: returned, resolve } = Promise.withResolvers<void>();
    const supervised = supervise(
      'sample',
      () => {
        runs += 1;
        if (runs < 4) return Promise.reject(new Error('again'));
        resolve();
        return Promise.resolve();
      },
      { log, backoff },
    );
    await returned;
    await supervised[Symbol.asyncDispose]();
    expect(runs).toBe(4);
  });

  test.each(['its own disposal', 'the end of the process'])(
    'stops with %s and waits for the loop',
    async (how) => {
      const stopping = new AbortController();
      const { promise: running, resolve } = Promise.withResolvers<void>();
      let finished = false;
      const supervised = supervise(
        'sample',
        async (signal) => {
          resolve();
          await new Promise((stopped) => signal.addEventListener('abort', stopped));
          finished = true;
          throw new Error('the stop, as an error');
        },
        { log, backoff, stopping: stopping.signal },
      );
      await running;
      if (how === 'the end of the process') stopping.abort();
      await supervised[Symbol.asyncDispose]();
      expect(finished).toBe(true);
    },
  );
});
