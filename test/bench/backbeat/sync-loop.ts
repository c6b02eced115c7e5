/** Appends of an entry's size to a file, each flushed, with nothing else between: `<count>`. Prints its times as JSON. */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monotonicMs } from './monotonic-ms.ts';

/** An entry on disk: its data, and what the log writes around it. */
const RECORD_BYTES = 140;

const count = Number(process.argv[2]);
const directory = await mkdtemp(join(tmpdir(), 'whoosh-bench-sync-'));
const file = openSync(join(directory, 'file'), 'w');
const record = Buffer.alloc(RECORD_BYTES, 7);
const syncMs: number[] = [];
try {
  const startedMs = monotonicMs();
  for (let at = 0; at < count; at += 1) {
    const beganMs = monotonicMs();
    writeSync(file, record, 0, record.byteLength, at * record.byteLength);
    fdatasyncSync(file);
    syncMs.push(monotonicMs() - beganMs);
  }
  console.log(JSON.stringify({ syncMs, perSecond: count / ((monotonicMs() - startedMs) / 1_000) }));
} finally {
  closeSync(file);
  await rm(directory, { recursive: true, force: true });
}
