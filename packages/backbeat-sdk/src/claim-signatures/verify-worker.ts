/** One thread of the pool: takes batches, answers verdicts. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Trust, type VerifyBatch, Verifier } from './verify-batch.ts';

const verifier = new Verifier(workerData as Trust);

parentPort?.on('message', ({ id, batch }: { id: number; batch: VerifyBatch }) => {
  const verdicts = verifier.verdicts(batch);
  parentPort?.postMessage({ id, verdicts }, [verdicts.buffer]);
});
