import { crc32 } from 'node:zlib';

/**
 * How much of which log file is known to be durable. Kept apart from the log, so that a log that lost bytes it once
 * had on disk is told from one whose last write a crash cut short.
 */
export interface Mark {
  readonly sequence: number;
  readonly generation: number;
  readonly bytes: number;
}

/** Two slots in different disk sectors, written in turn: a torn write of one leaves the other. */
const SLOT_SPACING_BYTES = 512;
const SLOT_BYTES = 28;
export const MARK_FILE_BYTES = SLOT_SPACING_BYTES + SLOT_BYTES;

export function slotOffset(mark: Mark): number {
  return (mark.sequence % 2) * SLOT_SPACING_BYTES;
}

export function encodeMark(mark: Mark): Uint8Array {
  const slot = Buffer.alloc(SLOT_BYTES);
  slot.writeDoubleLE(mark.sequence, 0);
  slot.writeDoubleLE(mark.generation, 8);
  slot.writeDoubleLE(mark.bytes, 16);
  slot.writeUInt32LE(crc32(slot.subarray(0, 24)), 24);
  return slot;
}

function decodeSlot(file: Buffer, offset: number): Mark | undefined {
  const slot = file.subarray(offset, offset + SLOT_BYTES);
  if (slot.byteLength < SLOT_BYTES || crc32(slot.subarray(0, 24)) !== slot.readUInt32LE(24)) return undefined;
  const mark = {
    sequence: slot.readDoubleLE(0),
    generation: slot.readDoubleLE(8),
    bytes: slot.readDoubleLE(16),
  };
  return slotOffset(mark) === offset && mark.generation > 0 ? mark : undefined;
}

/** The newer of the sound slots; `undefined` when there is none. */
export function decodeMark(file: Uint8Array): Mark | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const [first, second] = [decodeSlot(bytes, 0), decodeSlot(bytes, SLOT_SPACING_BYTES)];
  if (first === undefined || second === undefined) return first ?? second;
  return first.sequence > second.sequence ? first : second;
}
