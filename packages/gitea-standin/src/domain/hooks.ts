import { notFound, unprocessable } from './api-error.ts';
import { nextId, type Hook, type Scope } from './model.ts';
import { type Turn } from './turn.ts';

/** What is sent to a hook whose creator or editor named no events. */
const DEFAULT_EVENTS = ['push'] as const;

/** A request for one of these is a request for all of its group. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  issues: ['issues', 'issue_assign', 'issue_label', 'issue_milestone', 'issue_comment'],
  pull_request: [
    'pull_request',
    'pull_request_assign',
    'pull_request_label',
    'pull_request_milestone',
    'pull_request_comment',
    'pull_request_review',
    'pull_request_review_request',
    'pull_request_sync',
  ],
  issues_only: ['issues'],
  pull_request_only: ['pull_request'],
};

const PLAIN: ReadonlySet<string> = new Set(
  [
    'create delete fork push repository release wiki package status workflow_run workflow_job',
    'issue_assign issue_label issue_milestone issue_comment',
    (GROUPS['pull_request'] ?? []).slice(1).join(' '),
  ].flatMap((names) => names.split(' ')),
);

/** Unknown events are dropped without an error: a hook of unknown events alone has none. */
export function expandEvents(wanted: readonly string[]): string[] {
  const named = wanted.length === 0 ? DEFAULT_EVENTS : wanted;
  const expanded = named.flatMap((event) => GROUPS[event] ?? (PLAIN.has(event) ? [event] : []));
  return [...new Set(expanded)];
}

export interface NewHook {
  readonly type: string;
  readonly config: Readonly<Record<string, string>>;
  readonly events?: readonly string[] | undefined;
  readonly active?: boolean | undefined;
  readonly branch_filter?: string | undefined;
  readonly authorization_header?: string | undefined;
}

export function createHook(turn: Turn, scope: Scope, wanted: NewHook): Hook {
  if (wanted.type !== 'gitea') throw unprocessable(`Invalid hook type: ${wanted.type}`);
  for (const required of ['url', 'content_type']) {
    if (!(required in wanted.config)) throw unprocessable(`Missing config option: ${required}`);
  }
  const url = validUrl(wanted.config['url'] ?? '');
  const contentType = validContentType(wanted.config['content_type'] ?? '');
  const hook: Hook = {
    ...scope,
    id: nextId(turn.state, 'hook'),
    url,
    contentType,
    secret: wanted.config['secret'] ?? '',
    events: expandEvents(wanted.events ?? []),
    isActive: wanted.active ?? false,
    branchFilter: wanted.branch_filter ?? '',
    authorizationHeader: wanted.authorization_header ?? '',
    createdS: turn.nowS,
    updatedS: turn.nowS,
  };
  turn.state.hooks.push(hook);
  return hook;
}

export type HookEdit = Partial<Omit<NewHook, 'type'>>;

/** Events that are not sent again become `push` alone, and a new secret is ignored: the old one stays. */
export function editHook(turn: Turn, hook: Hook, edit: HookEdit): void {
  const url = edit.config?.['url'];
  const contentType = edit.config?.['content_type'];
  const next = {
    url: url === undefined ? hook.url : validUrl(url),
    contentType: contentType === undefined ? hook.contentType : validContentType(contentType),
  };
  Object.assign(hook, next);
  hook.events = expandEvents(edit.events ?? []);
  hook.branchFilter = edit.branch_filter ?? hook.branchFilter;
  hook.authorizationHeader = edit.authorization_header ?? hook.authorizationHeader;
  hook.isActive = edit.active ?? hook.isActive;
  hook.updatedS = turn.nowS;
}

export function hooksIn(turn: Turn, scope: Scope): Hook[] {
  return turn.state.hooks.filter(
    (hook) => hook.repositoryId === scope.repositoryId && hook.organizationId === scope.organizationId,
  );
}

export function hookIn(turn: Turn, scope: Scope, id: number): Hook {
  const hook = hooksIn(turn, scope).find((candidate) => candidate.id === id);
  if (hook === undefined) throw notFound();
  return hook;
}

export function deleteHook(turn: Turn, scope: Scope, id: number): void {
  const hook = hookIn(turn, scope, id);
  turn.state.hooks = turn.state.hooks.filter((candidate) => candidate !== hook);
}

function validUrl(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw unprocessable('Invalid url');
  return text;
}

function validContentType(text: string): 'json' | 'form' {
  if (text !== 'json' && text !== 'form') throw unprocessable('Invalid content type');
  return text;
}
