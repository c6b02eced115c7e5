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

const REPLICAS_MAX = 3;
const RETRY = { baseMs: 50, maxMs: 2_000 } as const;
/** A broker that takes longer than this is worth a line in the log, again and again. */
const QUIET_FAILURES = 5;

const CODE_STREAM_NOT_FOUND = 10059;
/** Somebody else made it at the same moment, with other settings or not yet visible ones. */
const CODE_NAME_IN_USE = 10058;
const CODE_REPLICAS_UNSUPPORTED = 10074;
const CODE_NO_SUITABLE_PEERS = 10005;

interface Ensurer {
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
  for (const name of names) await ensureStream(ensurer, STREAMS[name]);
}

async function ensureStream(ensurer: Ensurer, declared: StreamDecl): Promise<void> {
  const { log, signal } = ensurer;
  let replicas = replicasOf(ensurer);
  for (let failures = 0; ;) {
    try {
      await addOrUpdate(ensurer.jsm, configOf(declared, replicas));
      return;
    } catch (cause) {
      if (isTooManyReplicas(cause) && replicas > 1) {
        log.warn({ stream: declared.name, replicas }, 'too few servers for the replicas, one will do');
        replicas = 1;
        continue;
      }
      if (!isTemporary(cause) || signal.aborted) throw cause;
      failures += 1;
      if (failures % QUIET_FAILURES === 0)
        log.warn({ err: cause, stream: declared.name }, 'waiting for JetStream');
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
  // The number of replicas is the operator's once the stream exists.
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

/** One per server up to three; only a cluster can replicate at all. */
function replicasOf({ connection, serversConfigured }: Ensurer): number {
  const { info } = connection;
  if (info?.cluster === undefined) return 1;
  const known = Math.max(serversConfigured, info.connect_urls?.length ?? 1);
  return Math.min(REPLICAS_MAX, known);
}

function isTooManyReplicas(cause: unknown): boolean {
  return (
    cause instanceof JetStreamApiError &&
    (cause.code === CODE_REPLICAS_UNSUPPORTED || cause.code === CODE_NO_SUITABLE_PEERS)
  );
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
