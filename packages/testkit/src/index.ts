/** A real broker and a real database per test. */
export { freePort } from '@whoosh/devkit';
export { cloneDatabase, type TestDatabase } from './clone-database.ts';
export { connectEach } from './connect-each.ts';
export { quietLog } from './quiet-log.ts';
export { startServiceProcess, type ServiceProcess } from './service-process.ts';
export { startNats } from './start-nats.ts';
export type { TestNats, TestNatsOptions } from './start-nats.ts';
export { startNatsCluster } from './start-nats-cluster.ts';
export type { TestNatsCluster, TestNatsClusterOptions } from './start-nats-cluster.ts';
export { until, type UntilOptions } from './until.ts';
