import { type AttemptLedger } from '../src/index.ts';

/** Counts in memory; outlives the consumers of a test as a database outlives processes. */
export class CountingLedger implements AttemptLedger {
  readonly counts = new Map<string, number>();

  failed(consumer: string, key: string): Promise<number> {
    const attempts = (this.counts.get(`${consumer} ${key}`) ?? 0) + 1;
    this.counts.set(`${consumer} ${key}`, attempts);
    return Promise.resolve(attempts);
  }

  cleared(consumer: string, key: string): Promise<void> {
    this.counts.delete(`${consumer} ${key}`);
    return Promise.resolve();
  }
}
