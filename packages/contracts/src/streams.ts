/** Which streams exist, what they keep and for how long; which durable consumers read them. Declared here, made by the bus. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

export interface StreamDecl {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly retention: 'limits' | 'workqueue';
  readonly discard: 'old' | 'new';
  readonly maxAgeMs: number;
  readonly maxBytes?: number;
  readonly maxMsgsPerSubject?: number;
  readonly discardNewPerSubject?: boolean;
  readonly duplicateWindowMs?: number;
  readonly allowAtomicPublish?: boolean;
  readonly allowDirect?: boolean;
  readonly republish?: { readonly src: string; readonly dest: string };
  readonly description: string;
}

export interface ConsumerDecl {
  readonly name: string;
  readonly service: string;
  readonly stream: StreamName;
  readonly filters: readonly string[];
  readonly description: string;
}

export const CONSUMERS = {
  'monitor-inbox': {
    name: 'monitor-inbox',
    service: 'monitor',
    stream: 'WHOOSH_INBOX',
    filters: ['whoosh.v1.inbox.gitea.*'],
    description: 'Deliveries of Gitea: hints to read an issue again',
  },
  'monitor-milestones': {
    name: 'monitor-milestones',
    service: 'monitor',
    stream: 'WHOOSH_EVENTS',
    filters: ['whoosh.v1.event.council.*.*', 'whoosh.v1.event.team.*.*', 'whoosh.v1.event.deployment.*.*'],
    description: 'What became of a task: its state and the comments on its issue',
  },
  'council-tasks': {
    name: 'council-tasks',
    service: 'council',
    stream: 'WHOOSH_EVENTS',
    filters: ['whoosh.v1.event.task.*.*'],
    description: 'Design Briefs that open, change and close',
  },
  'council-agents': {
    name: 'council-agents',
    service: 'council',
    stream: 'WHOOSH_EVENTS',
    filters: ['whoosh.v1.event.deployment.*.*', 'whoosh.v1.event.agent.*.*'],
    description: 'Who is deployed for a seat, and who is gone',
  },
  'composer-tasks': {
    name: 'composer-tasks',
    service: 'composer',
    stream: 'WHOOSH_EVENTS',
    filters: ['whoosh.v1.event.task.*.*'],
    description: 'Tasks that need a team',
  },
  'composer-agents': {
    name: 'composer-agents',
    service: 'composer',
    stream: 'WHOOSH_EVENTS',
    filters: ['whoosh.v1.event.agent.*.*', 'whoosh.v1.event.deployment.*.*'],
    description: 'Who is there, and how the deployments of a team fare',
  },
  'orchestrator-owners': {
    name: 'orchestrator-owners',
    service: 'orchestrator',
    stream: 'WHOOSH_EVENTS',
    filters: ['whoosh.v1.event.council.*.*', 'whoosh.v1.event.team.*.*'],
    description: 'Councils and teams that want agents, or want them no more',
  },
} as const satisfies Record<string, ConsumerDecl>;
export type ConsumerName = keyof typeof CONSUMERS;

/** Where a dead letter goes that is tried again: heard by that consumer alone, in its own source stream. */
export function retrySubject(consumer: string): string {
  return `whoosh.v1.retry.${consumer}`;
}
export function deadSubject(consumer: string): string {
  return `whoosh.v1.dead.${consumer}`;
}
function retriesOf(stream: string): string[] {
  return Object.values(CONSUMERS)
    .filter((consumer) => consumer.stream === stream)
    .map(({ name }) => retrySubject(name));
}

export const STREAMS = {
  WHOOSH_EVENTS: {
    name: 'WHOOSH_EVENTS',
    subjects: ['whoosh.v1.event.>', ...retriesOf('WHOOSH_EVENTS')],
    retention: 'limits',
    discard: 'old',
    maxAgeMs: 7 * DAY,
    maxBytes: 4 * GIB,
    duplicateWindowMs: 10 * MINUTE,
    allowDirect: true,
    description: 'Facts of every life',
  },
  WHOOSH_INBOX: {
    name: 'WHOOSH_INBOX',
    subjects: ['whoosh.v1.inbox.gitea.*', ...retriesOf('WHOOSH_INBOX')],
    retention: 'workqueue',
    discard: 'new',
    maxAgeMs: 7 * DAY,
    maxBytes: GIB,
    duplicateWindowMs: 2 * HOUR,
    description: 'Webhook deliveries until they are handled',
  },
  WHOOSH_AGENTS: {
    name: 'WHOOSH_AGENTS',
    subjects: ['whoosh.v1.agents.>', 'whoosh.v1.agent.>'],
    retention: 'limits',
    discard: 'old',
    maxAgeMs: HOUR,
    maxBytes: 256 * MIB,
    maxMsgsPerSubject: 64,
    allowDirect: true,
    description: 'Opportunities and assignments',
  },
  WHOOSH_DEAD: {
    name: 'WHOOSH_DEAD',
    subjects: ['whoosh.v1.dead.>'],
    retention: 'limits',
    discard: 'old',
    maxAgeMs: 30 * DAY,
    maxBytes: GIB,
    allowDirect: true,
    description: 'What could not be handled, with the reason',
  },
  BACKBEAT_BEATS: {
    name: 'BACKBEAT_BEATS',
    subjects: ['backbeat.*.beat'],
    retention: 'limits',
    discard: 'old',
    maxAgeMs: 5 * MINUTE,
    maxMsgsPerSubject: 64,
    allowDirect: true,
    description: 'The last beats, for late joiners',
  },
  BACKBEAT_CLAIMS: {
    name: 'BACKBEAT_CLAIMS',
    subjects: ['backbeat.*.claim.*', 'backbeat.*.rotation', 'backbeat.*.close.*', 'backbeat.*.checkpoint'],
    retention: 'limits',
    discard: 'old',
    maxAgeMs: 4 * HOUR,
    maxBytes: 2 * GIB,
    allowAtomicPublish: true,
    allowDirect: true,
    description: 'StatusClaims, rotations, the markers that close windows, and what reverb starts again from',
  },
  BACKBEAT_REPORTS: {
    name: 'BACKBEAT_REPORTS',
    subjects: ['backbeat.*.report.store.*'],
    retention: 'limits',
    discard: 'new',
    maxAgeMs: 7 * DAY,
    maxMsgsPerSubject: 1,
    discardNewPerSubject: true,
    allowDirect: true,
    republish: { src: 'backbeat.*.report.store.*', dest: 'backbeat.{{wildcard(1)}}.report' },
    description: 'One report per window',
  },
} as const satisfies Record<string, StreamDecl>;
export type StreamName =
  | 'WHOOSH_EVENTS'
  | 'WHOOSH_INBOX'
  | 'WHOOSH_AGENTS'
  | 'WHOOSH_DEAD'
  | 'BACKBEAT_BEATS'
  | 'BACKBEAT_CLAIMS'
  | 'BACKBEAT_REPORTS';

/** Where the gateway puts a delivery of Gitea. */
export const INBOX_PREFIX = 'whoosh.v1.inbox.gitea';
/** No message on the bus is larger; set in every server we start, checked when a service starts. */
export const PAYLOAD_BYTES_MAX = 4 * MIB;
/** No event is larger. */
export const EVENT_BYTES_MAX = 64 * 1024;
