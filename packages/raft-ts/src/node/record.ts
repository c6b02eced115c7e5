import { crc32 } from 'node:zlib';
import { type Entry, type HardState, type Snapshot } from '../message.ts';

/** What stands in a log file, in order. The header says whose log it is. */
export type LogRecord =
  | {
      readonly kind: 'header';
      readonly clusterId: string;
      readonly node: string;
      readonly generation: number;
    }
  | { readonly kind: 'hardState'; readonly hardState: HardState }
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot };

const KIND_CODE = { header: 1, hardState: 2, entry: 3, snapshot: 4 } as const;
/** Length of the body, then the checksum over length, body and the checksum before: records cannot change places. */
const PREFIX_BYTES = 8;
const NUMBER_BYTES = 8;
export const RECORD_BYTES_MAX = 64 * 1024 * 1024;

function body(kind: keyof typeof KIND_CODE, numbers: readonly number[], data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(1 + numbers.length * NUMBER_BYTES + data.byteLength);
  bytes.writeUInt8(KIND_CODE[kind], 0);
  for (const [position, value] of numbers.entries()) bytes.writeDoubleLE(value, 1 + position * NUMBER_BYTES);
  bytes.set(data, 1 + numbers.length * NUMBER_BYTES);
  return bytes;
}

function bodyOf(record: LogRecord): Buffer {
  switch (record.kind) {
    case 'header': {
      const names = Buffer.from(JSON.stringify([record.clusterId, record.node]));
      return body('header', [record.generation], names);
    }
    case 'hardState': {
      const { term, vote, commit } = record.hardState;
      return body('hardState', [term, vote, commit], new Uint8Array());
    }
    case 'entry':
      return body('entry', [record.entry.term, record.entry.index], record.entry.data);
    case 'snapshot':
      return body('snapshot', [record.snapshot.term, record.snapshot.index], record.snapshot.data);
  }
}

function checksum(length: number, bytes: Uint8Array, previous: number): number {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32LE(length, 0);
  prefix.writeUInt32LE(previous, 4);
  return crc32(bytes, crc32(prefix));
}

/** The bytes of `records`, and the checksum that the next record continues from. */
export function encodeRecords(
  records: readonly LogRecord[],
  previous: number,
): { readonly bytes: Uint8Array; readonly checksum: number } {
  const parts: Buffer[] = [];
  let chain = previous;
  for (const record of records) {
    const bytes = bodyOf(record);
    const prefix = Buffer.alloc(PREFIX_BYTES);
    chain = checksum(bytes.byteLength, bytes, chain);
    prefix.writeUInt32LE(bytes.byteLength, 0);
    prefix.writeUInt32LE(chain, 4);
    parts.push(prefix, bytes);
  }
  return { bytes: Buffer.concat(parts), checksum: chain };
}

function numbersOf(bytes: Buffer, count: number): readonly number[] | undefined {
  if (bytes.byteLength < 1 + count * NUMBER_BYTES) return undefined;
  const numbers = Array.from({ length: count }, (_, at) => bytes.readDoubleLE(1 + at * NUMBER_BYTES));
  return numbers.every((value) => Number.isSafeInteger(value) && value >= 0) ? numbers : undefined;
}

function parseHeader(bytes: Buffer): LogRecord | undefined {
  const [generation] = numbersOf(bytes, 1) ?? [];
  if (generation === undefined) return undefined;
  const names = parseJson(bytes.subarray(1 + NUMBER_BYTES).toString('utf8'));
  const [clusterId, node]: unknown[] = Array.isArray(names) ? names : [];
  if (typeof clusterId !== 'string' || typeof node !== 'string') return undefined;
  return { kind: 'header', clusterId, node, generation };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseBody(bytes: Buffer): LogRecord | undefined {
  const code = bytes[0];
  if (code === KIND_CODE.header) return parseHeader(bytes);
  if (code === KIND_CODE.hardState) {
    const [term, vote, commit] = numbersOf(bytes, 3) ?? [];
    if (term === undefined || vote === undefined || commit === undefined) return undefined;
    return { kind: 'hardState', hardState: { term, vote, commit } };
  }
  const [term, index] = numbersOf(bytes, 2) ?? [];
  if (term === undefined || index === undefined) return undefined;
  const data = new Uint8Array(bytes.subarray(1 + 2 * NUMBER_BYTES));
  if (code === KIND_CODE.entry) return { kind: 'entry', entry: { term, index, data } };
  if (code === KIND_CODE.snapshot) return { kind: 'snapshot', snapshot: { term, index, data } };
  return undefined;
}

export interface DecodedLog {
  readonly records: readonly LogRecord[];
  /** Bytes up to which the file is sound; all of it when nothing is wrong. */
  readonly soundBytes: number;
  readonly checksum: number;
}

/** Reads as many sound records as stand at the beginning of `file`. */
export function decodeRecords(file: Uint8Array): DecodedLog {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const records: LogRecord[] = [];
  let at = 0;
  let chain = 0;
  while (at + PREFIX_BYTES <= bytes.byteLength) {
    const length = bytes.readUInt32LE(at);
    const end = at + PREFIX_BYTES + length;
    if (length === 0 || length > RECORD_BYTES_MAX || end > bytes.byteLength) break;
    const content = bytes.subarray(at + PREFIX_BYTES, end);
    const sum = checksum(length, content, chain);
    if (sum !== bytes.readUInt32LE(at + 4)) break;
    const record = parseBody(content);
    if (record === undefined) break;
    records.push(record);
    chain = sum;
    at = end;
  }
  return { records, soundBytes: at, checksum: chain };
}
