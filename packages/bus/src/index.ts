export { type CallContext, type CallHandler, type EndpointStats } from './answerer.ts';
export { isAway } from './away.ts';
export { Bus, connectBus } from './bus.ts';
export { type CallOptions } from './caller.ts';
export { type BusOptions } from './connect.ts';
export {
  bury,
  dropDeadLetter,
  getDeadLetter,
  listDeadLetters,
  readDeadLetter,
  replayDeadLetter,
  type DeadLetter,
  type DeadLetterPage,
  type Death,
} from './dead-letters.ts';
export { decodeEvent, eventOf, ORIGINAL_SUBJECT_HEADER, type Delivered } from './delivery.ts';
export { ServiceStats, type DiscoveryOptions, type HealthReport } from './discovery.ts';
export {
  ATTEMPTS_MAX,
  type AttemptLedger,
  type ConsumeOptions,
  type DeliveryHandler,
} from './durable-consumer.ts';
export {
  awaitFirstConnection,
  type FirstConnectionOptions,
  type ReadinessChecks,
} from './first-connection.ts';
export { type Stored, type StoreOptions, type StoreRefusal, StoreRefused } from './store.ts';
