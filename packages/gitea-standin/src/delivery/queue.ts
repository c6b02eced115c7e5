/**
 * The one delivery queue of the server. Deliveries leave one after another, a while after their change; a receiver that
 * does not answer holds up everybody behind it until its timeout; nothing is ever retried. The faults of a network
 * between server and receiver (lost, doubled, late, swapped deliveries) are made here.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Hook } from '../domain/model.ts';
import { type Notice } from '../domain/turn.ts';
import { type Faults } from '../faults.ts';
import { buildDelivery, hooksFor, type DeliveryRequest } from './request.ts';
import { sendDelivery } from './send.ts';

export const QUEUE_MAX = 10_000;
export const RECORDS_MAX = 1_000;

export interface DeliveryRecord {
  readonly id: string;
  readonly hookId: number;
  readonly url: string;
  readonly event: string;
  readonly eventType: string;
  readonly action: string | null;
  readonly outcome: 'delivered' | 'failed' | 'dropped';
  /** The receiver's answer; null when there was none. */
  readonly status: number | null;
  readonly error: string | null;
}

interface Job {
  readonly hook: Hook;
  readonly notice: Notice;
  readonly delivery: DeliveryRequest;
  dueMs: number;
  /** A job that was delayed or swapped once is not tried again. */
  isSettled: boolean;
}

export interface QueueOptions {
  readonly delayMs: number;
  readonly timeoutMs: number;
  readonly faults: Faults;
  /** Called after each attempt: the hook's `updated_at` moves with it. */
  readonly onAttempt: (hook: Hook) => void;
}

export class DeliveryQueue {
  readonly #options: QueueOptions;
  readonly #jobs: Job[] = [];
  readonly #records: DeliveryRecord[] = [];
  readonly #stopping = new AbortController();
  readonly #totals = { delivered: 0, failed: 0, dropped: 0 };
  #running: Promise<void> | null = null;
  #waiting = new AbortController();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Freezes the notice into one delivery per hook that wants it. */
  add(hooks: readonly Hook[], notices: readonly Notice[]): void {
    const dueMs = performance.now() + this.#options.delayMs;
    for (const notice of notices) {
      for (const hook of hooksFor(hooks, notice)) {
        const job = {
          hook,
          notice,
          delivery: buildDelivery(hook, notice, randomUUID()),
          dueMs,
          isSettled: false,
        };
        if (this.#jobs.length < QUEUE_MAX) this.#jobs.push(job);
        else this.#record(job, 'dropped', { error: 'the queue is full' });
      }
    }
    // What has just come may be due before what the loop waits for.
    this.#waiting.abort();
    if (this.#jobs.length > 0) this.#running ??= this.#run();
  }

  records(): readonly DeliveryRecord[] {
    return this.#records;
  }

  totals(): Readonly<Record<DeliveryRecord['outcome'] | 'queued', number>> {
    return { ...this.#totals, queued: this.#jobs.length };
  }

  /** Resolves when nothing is left to be sent. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#jobs.length = 0;
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const job = this.#next();
      if (job === undefined) break;
      await this.#waitUntil(job.dueMs);
      if (this.#stopping.signal.aborted) break;
      if (this.#next() !== job || job.dueMs > performance.now()) continue;
      await this.#take(job);
    }
    this.#running = null;
  }

  #next(): Job | undefined {
    let first: Job | undefined;
    for (const job of this.#jobs) if (first === undefined || job.dueMs < first.dueMs) first = job;
    return first;
  }

  async #waitUntil(dueMs: number): Promise<void> {
    const waitMs = dueMs - performance.now();
    if (waitMs <= 0) return;
    this.#waiting = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, this.#waiting.signal]);
    await sleep(Math.ceil(waitMs), undefined, { signal }).catch(() => undefined);
  }

  async #take(job: Job): Promise<void> {
    const { faults } = this.#options;
    if (!job.isSettled && this.#setBack(job)) return;
    this.#jobs.splice(this.#jobs.indexOf(job), 1);
    if (faults.hits('drop')) return this.#record(job, 'dropped', { error: 'dropped by a fault' });
    await this.#attempt(job);
    if (faults.hits('double')) await this.#attempt(job);
  }

  /** True when a fault postpones the job: behind its follower (reorder), or by a time during which others pass (delay). */
  #setBack(job: Job): boolean {
    const { faults } = this.#options;
    const isDelayed = faults.hits('delay');
    const isSwapped = !isDelayed && faults.hits('reorder');
    if (!isDelayed && !isSwapped) return false;
    job.isSettled = true;
    const follower = this.#jobs.find((other) => other !== job && other.dueMs >= job.dueMs);
    // Without a follower the job waits for one, but not for ever.
    const behindFollowerMs = follower === undefined ? job.dueMs + faults.holdMs() : follower.dueMs;
    job.dueMs = isDelayed ? job.dueMs + faults.delayMs() : behindFollowerMs;
    if (!isSwapped) return true;
    this.#jobs.splice(this.#jobs.indexOf(job), 1);
    this.#jobs.splice(follower === undefined ? this.#jobs.length : this.#jobs.indexOf(follower) + 1, 0, job);
    return true;
  }

  async #attempt(job: Job): Promise<void> {
    const limits = { timeoutMs: this.#options.timeoutMs, signal: this.#stopping.signal };
    const outcome = await sendDelivery(job.hook.url, job.delivery, limits);
    this.#options.onAttempt(job.hook);
    if ('error' in outcome) return this.#record(job, 'failed', outcome);
    this.#record(job, outcome.status >= 200 && outcome.status < 300 ? 'delivered' : 'failed', outcome);
  }

  #record(
    job: Job,
    outcome: DeliveryRecord['outcome'],
    detail: { status: number } | { error: string },
  ): void {
    const { hook, notice, delivery } = job;
    const { action } = notice.payload as { action?: string };
    this.#totals[outcome] += 1;
    if (this.#records.length >= RECORDS_MAX) this.#records.shift();
    this.#records.push({
      id: delivery.id,
      hookId: hook.id,
      url: hook.url,
      event: notice.event,
      eventType: notice.eventType,
      action: action ?? null,
      outcome,
      status: 'status' in detail ? detail.status : null,
      error: 'error' in detail ? detail.error : null,
    });
  }
}
