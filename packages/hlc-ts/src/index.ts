export { type CheckedUpdate, Hlc, type HlcCounters, type HlcOptions, LOGICAL_PER_MS } from './hlc.ts';
export { compare, isTimestamp, LOGICAL_MAX, NODE_MAX, type Timestamp, WALL_MS_MAX } from './timestamp.ts';
export { decodeWire, encodeWire, WIRE_WRAP_MS } from './wire.ts';
export { decodeFull, encodeFull } from './full.ts';
export { nodeSuffix } from './node-suffix.ts';
