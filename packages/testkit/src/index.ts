/** A real broker and a real database per test. */
export { freePort } from '@whoosh/devkit';
export { cloneDatabase, type TestDatabase } from './clone-database.ts';
export { quietLog } from './quiet-log.ts';
export { startNats, startNatsCluster } from './start-nats.ts';
export type { TestNats, TestNatsCluster, TestNatsOptions } from './start-nats.ts';
export { until, type UntilOptions } from './until.ts';
