export { subject, type Subject } from './subject.ts';
export { CallError, ERROR_CODES, ERRORS, type CallErrorOptions, type ErrorCode } from './errors.ts';
export {
  call,
  Change,
  cloudEvent,
  clusterCall,
  keyedCall,
  lifeEvent,
  message,
  plainEvent,
  type CallContract,
  type CloudEvent,
  type DataOf,
  type EventContract,
  type KeyedCallContract,
  type MessageContract,
  type ReplyOf,
  type RequestOf,
} from './define.ts';
export * from './common.ts';
export { checkedCursor, pageOfRows, type Page } from './page.ts';
export * from './streams.ts';
export { CALLS, eventByType, EVENTS, MESSAGES } from './catalog.ts';
export * as backbeat from './backbeat.ts';
export * as repositories from './repositories.ts';
export * as tasks from './tasks.ts';
export * as councils from './councils.ts';
export * as teams from './teams.ts';
export * as agents from './agents.ts';
export * as deployments from './deployments.ts';
export { VOUCHED_KEY, VOUCHED_PUBLIC_KEY_BYTES, voucherText, type Vouched } from './voucher.ts';
export { asyncApi, replyType, requestType, schemaFiles, type SchemaFile } from './schemas.ts';
export { fillTables, protocolTables } from './protocol-tables.ts';
