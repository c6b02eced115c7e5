import { setTimeout as wait } from 'node:timers/promises';
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { type StreamDecl, type StreamName, STREAMS } from '@whoosh/contracts';
import { backoffMs } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { replicasRefused, replicasWanted } from './stream-replicas.ts';

const RETRY = { baseMs: 50, maxMs: 2_000 } as const;
/** A broker that takes longer than this is worth a line in the log, again and again. */
const QUIET_FAILURES = 5;
/** How long a new stream waits for the servers of all its replicas; then it begins with fewer, which the raiser puts right. */
const PEERS_WAIT_MS = 15_000;

const CODE_STREAM_NOT_FOUND = 10059;
/** Somebody else made it at the same moment, with other settings or not yet visible ones. */
const CODE_NAME_IN_USE = 10058;

export interface Ensurer {
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly log: Log;
  readonly serversConfigured: number;
  readonly signal: AbortSignal;
}

/**
 * Makes the streams, or brings existing ones to what is declared; several processes may do so at once. Waits as long as
 * JetStream is not available; throws what waiting cannot cure.
 */
export async function ensureStreams(ensurer: Ensurer, names: readonly StreamName[]): Promise<void> {
  const fewerFromMs = performance.now() + PEERS_WAIT_MS;
  for (const name of names) await ensureStream(ensurer, STREAMS[name], fewerFromMs);
}

async function ensureStream(ensurer: Ensurer, declared: StreamDecl, fewerFromMs: number): Promise<void> {
  const { log, signal } = ensurer;
  const stream = declared.name;
  let most = Number.POSITIVE_INFINITY;
  for (let failures = 0; ;) {
    // Asked anew each time: the servers of a cluster become known one after the other.
    const replicas = Math.min(most, replicasWanted(ensurer));
    try {
      await addOrUpdate(ensurer.jsm, configOf(declared, replicas));
      return;
    } catch (cause) {
      if (signal.aborted) throw cause;
      failures += 1;
      const refused = replicas > 1 ? replicasRefused(cause) : undefined;
      if (refused === 'for_ever' || (refused !== undefined && performance.now() >= fewerFromMs)) {
        most = refused === 'for_ever' ? 1 : replicas - 1;
        log.warn({ stream, replicas, beginning_with: most }, 'too few servers for the replicas');
        continue;
      }
      if (refused !== undefined) {
        if (failures === 1)
          log.warn({ err: cause, stream, replicas }, 'waiting for servers for the replicas');
      } else if (!isTemporary(cause)) throw cause;
      else if (failures % QUIET_FAILURES === 0) log.warn({ err: cause, stream }, 'waiting for JetStream');
      await wait(backoffMs(RETRY, failures, Math.random()), undefined, { signal });
    }
  }
}

async function addOrUpdate(jsm: JetStreamManager, wanted: WantedConfig): Promise<void> {
  const existing = await jsm.streams.info(wanted.name).catch((cause: unknown) => {
    if (cause instanceof JetStreamApiError && cause.code === CODE_STREAM_NOT_FOUND) return undefined;
    throw cause;
  });
  if (existing === undefined) {
    await jsm.streams.add(wanted);
    return;
  }
  // Replicas of a stream that exists are raised beside this, without holding anybody up.
  const { num_replicas: _replicas, ...settings } = wanted;
  if (isAsWanted(existing.config, settings)) return;
  const { retention: _retention, storage: _storage, name, ...changes } = settings;
  await jsm.streams.update(name, changes);
}

type WantedConfig = Partial<StreamConfig> & { name: string };

function isAsWanted(existing: StreamConfig, wanted: WantedConfig): boolean {
  const actual = existing as unknown as Record<string, unknown>;
  return Object.entries(wanted).every(([key, value]) => isSame(actual[key], value));
}

// Lists of subjects are sets, and nested settings come back with further members.
function isSame(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((item) => actual.includes(item))
    );
  }
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted;
  if (typeof actual !== 'object' || actual === null) return false;
  const members = actual as Record<string, unknown>;
  return Object.entries(wanted).every(([key, value]) => isSame(members[key], value));
}

function configOf(declared: StreamDecl, replicas: number): WantedConfig {
  const { maxBytes, maxMsgsPerSubject, duplicateWindowMs, republish } = declared;
  return {
    name: declared.name,
    subjects: [...declared.subjects],
    description: declared.description,
    retention: declared.retention === 'workqueue' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
    discard: declared.discard === 'new' ? DiscardPolicy.New : DiscardPolicy.Old,
    storage: StorageType.File,
    num_replicas: replicas,
    max_age: nanos(declared.maxAgeMs),
    ...(maxBytes !== undefined && { max_bytes: maxBytes }),
    ...(maxMsgsPerSubject !== undefined && { max_msgs_per_subject: maxMsgsPerSubject }),
    ...(declared.discardNewPerSubject === true && { discard_new_per_subject: true }),
    ...(duplicateWindowMs !== undefined && { duplicate_window: nanos(duplicateWindowMs) }),
    ...(declared.allowAtomicPublish === true && { allow_atomic: true }),
    ...(declared.allowDirect === true && { allow_direct: true }),
    ...(republish !== undefined && { republish: { ...republish } }),
  };
}

// No answer at all (no JetStream yet, no leader) is temporary; a refusal with a reason is not.
function isTemporary(cause: unknown): boolean {
  if (!(cause instanceof JetStreamApiError)) return true;
  return cause.status >= 500 ? isTransient(cause) : cause.code === CODE_NAME_IN_USE;
}

const CODES_NOT_TRANSIENT = new Set([10047, 10052, 10053]);
function isTransient(cause: JetStreamApiError): boolean {
  return !CODES_NOT_TRANSIENT.has(cause.code);
}
