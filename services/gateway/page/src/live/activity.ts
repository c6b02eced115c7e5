import { plain, short } from './words.ts';

/** One thing that happened, in a sentence. */
export interface Activity {
  readonly id: string;
  readonly at: string;
  readonly noun: string;
  readonly happened: string;
  readonly what: string;
  readonly detail: string;
  readonly tone: 'good' | 'bad' | 'busy' | 'quiet';
}

interface Told {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly data: unknown;
}

const GOOD = new Set([
  'completed',
  'healthy',
  'active',
  'joined',
  'deployed',
  'online',
  'registered',
  'added',
]);
const BAD = new Set(['failed', 'stale', 'offline', 'waiting', 'cancelled']);
const QUIET = new Set(['changed', 'removed', 'draining', 'closed', 'commented', 'pushed']);

/** An agent that takes up work or rests does so every few beats: the agents' own list shows it, the story does not. */
export function isRoutine({ type, data }: Told): boolean {
  const { from } = ((data as Record<string, unknown>)['change'] ?? {}) as { from?: string | null };
  return type === 'whoosh.agent.online.v1' && from?.startsWith('online') === true;
}

export function activityOf({ id, type, time, data }: Told): Activity {
  const [, noun = 'event', happened = 'happened'] = type.split('.');
  const view = data as Record<string, unknown>;
  const change = (view['change'] ?? {}) as { from?: string | null; to?: string; reason?: string };
  const steps =
    change.from && change.to && change.from !== change.to
      ? `${plain(change.from)} → ${plain(change.to)}`
      : '';
  return {
    id,
    at: time,
    noun,
    happened: plain(happened),
    what: nameOf(noun, view),
    detail: [steps, change.reason ?? ''].filter(Boolean).join(' · '),
    tone: GOOD.has(happened) ? 'good' : BAD.has(happened) ? 'bad' : QUIET.has(happened) ? 'quiet' : 'busy',
  };
}

function nameOf(noun: string, view: Record<string, unknown>): string {
  const text = (key: string) => (typeof view[key] === 'string' ? view[key] : undefined);
  const number = typeof view['number'] === 'number' ? `#${view['number']} ` : '';
  switch (noun) {
    case 'task':
    case 'pull_request':
      return `${number}${text('title') ?? ''}`;
    case 'issue':
      return `${number}${text('full_name') ?? ''}`;
    case 'agent':
      return text('agent_id') ?? '';
    case 'deployment':
      return `${text('role') ?? ''} as ${text('agent_id') ?? ''}`;
    default:
      return text('title') ?? text('name') ?? text('full_name') ?? short(text('id') ?? '');
  }
}
