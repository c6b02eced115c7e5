/** How one process said it is (its `$SRV.STATS`). */
export interface ReplicaHealth {
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  readonly started: string;
  readonly status: 'ok' | 'degraded' | 'unknown';
  /** By name: `ok`, or what is wrong; `database`, `gitea` and `runtime` are read here. */
  readonly dependencies: Readonly<Record<string, string>>;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface BeatHealth {
  readonly enabled: boolean;
  readonly connected: boolean;
  readonly currentBeat: number | null;
  readonly currentTempo: number | null;
}

type Standing = 'healthy' | 'degraded' | 'unhealthy' | 'unknown' | 'disabled';

/** Without these the main job does not go through; one replica of each is enough. */
export const EXPECTED_SERVICES = [
  'monitor',
  'council',
  'composer',
  'orchestrator',
  'pulse',
  'reverb',
] as const;

const OK = 'ok';
/** Words of the processes for a dependency that works, and for one that they were told to do without. */
const SOUND_WORDS = new Set([OK, 'connected']);
const UNUSED_WORD = 'off';

/** `GET /health`: alive, and whether the beat is heard. */
export function healthBody(version: string, beat: BeatHealth) {
  return {
    status: 'ok',
    service: 'whoosh',
    version,
    backbeat: { enabled: beat.enabled, connected: beat.connected, current_beat: beat.currentBeat },
  };
}

/** `GET /health/ready`. The gateway keeps no data; whether the database answers is what its owners say. */
export function readinessBody(isBusConnected: boolean, replicas: readonly ReplicaHealth[]) {
  const words = dependencyWords(replicas, 'database');
  const database = words.length === 0 ? 'unknown' : words.includes(OK) ? 'connected' : 'disconnected';
  const isReady = isBusConnected && database === 'connected';
  return {
    ready: isReady,
    body: {
      status: isReady ? 'ready' : 'not_ready',
      database,
      ...(!isBusConnected && { bus: 'disconnected' }),
    },
  };
}

/** `GET /admin/health/details`: the components that the user's documents name, and every process by itself. */
export function detailsBody(given: {
  version: string;
  nowMs: number;
  isBusConnected: boolean;
  beat: BeatHealth;
  replicas: readonly ReplicaHealth[];
}) {
  const { version, nowMs, isBusConnected, beat, replicas } = given;
  const missing = EXPECTED_SERVICES.filter((name) => !replicas.some(({ service }) => service === name));
  const components = {
    database: { ...standing(replicas, 'database'), type: 'postgresql', statistics: poolStatistics(replicas) },
    gitea: { ...standing(replicas, 'gitea'), endpoint: endpointOfGitea(replicas) },
    backbeat: {
      status: beatStanding(beat),
      connected: beat.connected,
      current_tempo: beat.currentTempo,
    },
    docker_swarm: swarm(replicas),
    nats: { status: (isBusConnected ? 'healthy' : 'unhealthy') satisfies Standing as Standing },
  };
  const isSound = Object.values(components).every(
    ({ status }) => status === 'healthy' || status === 'disabled',
  );
  const areSound = replicas.every(({ status }) => status === OK) && missing.length === 0;
  return {
    service: 'whoosh',
    version,
    timestamp: Math.floor(nowMs / 1_000),
    status: isSound && areSound ? 'healthy' : 'degraded',
    components,
    services: replicas,
    missing_services: missing,
  };
}

function dependencyWords(replicas: readonly ReplicaHealth[], name: string): string[] {
  return replicas.flatMap(({ dependencies }) => {
    const word = Object.hasOwn(dependencies, name) ? dependencies[name] : undefined;
    if (word === undefined || word === UNUSED_WORD) return [];
    return [SOUND_WORDS.has(word) ? OK : word];
  });
}

function standing(replicas: readonly ReplicaHealth[], name: string): { status: Standing; note?: string } {
  const words = dependencyWords(replicas, name);
  const wrong = words.filter((word) => word !== OK);
  if (words.length === 0) return { status: 'unknown', note: 'nobody that uses it answers' };
  if (wrong.length === 0) return { status: 'healthy' };
  return { status: wrong.length === words.length ? 'unhealthy' : 'degraded', note: wrong[0] ?? '' };
}

function beatStanding({ enabled, connected }: BeatHealth): Standing {
  if (!enabled) return 'disabled';
  return connected ? 'healthy' : 'unhealthy';
}

/**
 * Where agents run, in the words of the orchestrators' `runtime`: `swarm`, `process`, or `none: why`. Doing without a Swarm
 * on purpose is no fault.
 */
function swarm(replicas: readonly ReplicaHealth[]): { status: Standing; note?: string } {
  const kinds = dependencyWords(replicas, 'runtime');
  const [first] = kinds;
  if (first === undefined) return { status: 'unknown', note: 'no orchestrator answers' };
  if (kinds.every((kind) => kind === 'swarm')) return { status: 'healthy' };
  if (kinds.includes('swarm'))
    return { status: 'degraded', note: 'not every orchestrator reaches a manager' };
  return { status: 'disabled', note: first === 'process' ? 'agents run as processes' : first };
}

function endpointOfGitea(replicas: readonly ReplicaHealth[]): string | null {
  for (const { dependencies, details } of replicas) {
    const endpoint = Object.hasOwn(dependencies, 'gitea') ? details['endpoint'] : undefined;
    if (typeof endpoint === 'string') return endpoint;
  }
  return null;
}

const POOL_FIELDS = ['max_conns', 'acquired_conns', 'idle_conns'] as const;

/** The pools of all processes together. */
function poolStatistics(replicas: readonly ReplicaHealth[]): Record<(typeof POOL_FIELDS)[number], number> {
  const sum = { max_conns: 0, acquired_conns: 0, idle_conns: 0 };
  for (const { details } of replicas) {
    const pool = details['database'] as Readonly<Record<string, unknown>> | undefined;
    for (const field of POOL_FIELDS) {
      const value = pool?.[field];
      if (typeof value === 'number') sum[field] += value;
    }
  }
  return sum;
}
