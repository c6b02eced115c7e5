export { Admin, type IssueInput } from './admin.ts';
export { type DeliveryRecord } from './delivery/queue.ts';
export { ApiError } from './domain/api-error.ts';
export { Faults, type FaultName, type FaultSetting, type FaultSettings } from './faults.ts';
export { seedAccounts, seedSample } from './sample.ts';
export { startGiteaStandin, type Standin, type StandinOptions } from './standin.ts';
