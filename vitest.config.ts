import { defineConfig } from 'vitest/config';

const exclude = ['**/node_modules/**', '**/page-dist/**'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{packages,services}/*/src/**/*.test.ts',
            '{packages,services}/*/sim/**/*.test.ts',
            'packages/*/test/**/*.test.ts',
            'test/chaos/**/*.test.ts',
          ],
          exclude: [...exclude, '**/*.int.test.ts'],
          testTimeout: 60_000,
          maxWorkers: 2,
          // No module keeps state, so files share them; loading them for each file was a third of the time.
          isolate: false,
        },
      },
      {
        test: {
          name: 'tidy',
          include: ['test/tidy/**/*.test.ts'],
          exclude,
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['{packages,services}/*/test/**/*.int.test.ts', 'test/integration/**/*.int.test.ts'],
          exclude,
          globalSetup: ['packages/testkit/src/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          isolate: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.e2e.test.ts'],
          exclude,
          testTimeout: 240_000,
          hookTimeout: 240_000,
          // Most of a run is waiting for beats: two at a time fit on two cores.
          maxWorkers: 2,
        },
      },
    ],
  },
});
