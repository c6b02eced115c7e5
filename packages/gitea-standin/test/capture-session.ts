/**
 * What happened on the captured server besides the captured requests, so that these find the same ids, numbers, times
 * and counts: accounts, bulk issues, and the changes between one captured request and the next.
 */
import { type Standin } from '../src/index.ts';
import { type Capture } from './captures.ts';

export const DEV_PASSWORD = 'dev-password';

/** A clock that a test sets; whole seconds matter alone. */
export class ManualClock {
  #nowMs = 0;

  now(): number {
    return this.#nowMs;
  }

  /** `time` is RFC 3339, or the time of day of the captured session. */
  set(time: string): void {
    this.#nowMs = Date.parse(time.includes('T') ? time : `2026-11-21T${time}Z`);
  }
}

type Credentials =
  'operator' | 'dev-write' | 'dev-read' | 'dev-repository' | 'dev-misc' | 'bad' | 'basic' | 'none';

const TOKENS: Readonly<Record<string, { login: string; scopes: readonly string[] }>> = {
  'dev-write': { login: 'dev', scopes: ['write:issue', 'read:repository'] },
  'dev-read': { login: 'dev', scopes: ['read:issue', 'read:repository'] },
  'dev-repository': { login: 'dev', scopes: ['write:repository'] },
  'dev-misc': { login: 'dev', scopes: ['read:misc'] },
};

/** Who sent a captured request; the operator when it is not named here. */
const SENDERS: readonly (readonly [Credentials, RegExp])[] = [
  ['bad', /^(005|068|147)-/],
  ['dev-read', /^(043|146)-/],
  ['dev-repository', /^134-/],
  ['dev-misc', /^148-/],
  ['dev-write', /^(017|029|037|038|039|040|041|042|044|045|116|118)-/],
];

export function authorizationOf(capture: Capture): string | undefined {
  if (capture.request.authorization === null) return undefined;
  if (capture.request.authorization === 'basic') return `Basic ${btoa(`dev:${DEV_PASSWORD}`)}`;
  const sender = SENDERS.find(([, files]) => files.test(capture.file))?.[0] ?? 'operator';
  return `token ${sender}-token`;
}

/** The accounts from before the first capture. */
export function beginSession(standin: Standin, clock: ManualClock): void {
  clock.set('02:31:32');
  standin.admin.createUser({ username: 'operator', admin: true });
  standin.admin.createToken('operator', { text: 'operator-token' });
}

type Step = (standin: Standin, clock: ManualClock) => void;

const ORDERS = 'acme/orders';
const TASK = 'bzzz-task';
const BULK_ISSUES = 70;
const BIG_REPOSITORIES = 1_000;
const BIG_ISSUES_EACH = 4;

/** Steps that come right after a capture, by its file. */
const AFTER: Readonly<Record<string, Step>> = {
  '013-token-create-read-only': ({ admin }) => {
    for (const [name, { login, scopes }] of Object.entries(TOKENS)) {
      admin.createToken(login, { name: `session ${name}`, text: `${name}-token`, scopes });
    }
  },
  '045-issue-create-text-plain': ({ admin }, clock) => {
    for (let index = 0; index < BULK_ISSUES; index += 1) {
      const number = index + 5;
      clock.set(number <= 30 ? '02:32:49' : number <= 57 ? '02:32:50' : '02:32:51');
      const labels = index % 5 === 0 ? [TASK] : [];
      admin.createIssue(ORDERS, { as: 'dev', title: `Filler issue ${index}`, body: `Body ${index}`, labels });
    }
  },
  '070-issue-edit-title': ({ admin }, clock) => {
    clock.set('02:34:02');
    admin.editIssue(ORDERS, 5, { body: 'New body' });
  },
  '092-issues-search-unknown-label': ({ admin }, clock) => {
    clock.set('02:34:28');
    admin.createRepository('acme', { name: 'old' });
    admin.createIssue('acme/old', { title: 'old issue' });
    clock.set('02:34:29');
    admin.createIssue(ORDERS, { as: 'dev', title: 'long', body: 'z'.repeat(3_000_000) });
  },
  '117-hooks-list': (_, clock) => clock.set('02:35:16'),
  '118-hooked-issue-create': ({ admin }, clock) => {
    clock.set('02:35:40');
    admin.deleteIssue(ORDERS, 76);
    clock.set('02:35:44');
    admin.push(ORDERS, { message: 'Add docs\n\ncloses #2', added: ['docs/readme.md'] });
    // A pull request takes an id and a number of the issues' sequences.
    clock.set('02:35:49');
    admin.createIssue(ORDERS, { title: 'Add a' });
    admin.deleteIssue(ORDERS, 77);
    clock.set('02:36:04');
    admin.push(ORDERS, { message: 'Merge' });
  },
  '126-hook-patch-secret': ({ admin }) => {
    admin.createIssue(ORDERS, { as: 'dev', title: 'After rotation' });
    admin.createHook(ORDERS, { url: 'http://receiver.example.com/slow' });
  },
  '128-org-hook-create': ({ admin }, clock) => {
    clock.set('02:37:29');
    for (const title of ['probe 1', 'probe 2', 'slow probe 1', 'slow probe 2', 'slow probe 3']) {
      admin.createIssue(ORDERS, { as: 'dev', title });
    }
    clock.set('02:37:58');
    admin.createIssue(ORDERS, { as: 'dev', title: 'org hook probe' });
  },
  '134-hooks-list-not-admin': (_, clock) => clock.set('02:38:00'),
  '135-healthz': (standin, clock) => {
    touchOldIssues(standin, clock);
    growLarge(standin, clock);
  },
};

/** What happened between the first session and the one with the search. */
function touchOldIssues({ admin }: Standin, clock: ManualClock): void {
  clock.set('03:18:46');
  admin.createIssue(ORDERS, { as: 'dev', title: 'lag probe 0' });
  admin.createIssue('acme/secret', { title: 'private 1' });
  admin.createIssue(ORDERS, { as: 'dev', title: 'lag probe 1' });
  clock.set('03:18:48');
  admin.createIssue(ORDERS, { as: 'dev', title: 'lag probe 2' });
  clock.set('03:18:55');
  admin.createIssue('acme/secret', { title: 'private 2' });
  admin.addLabels(ORDERS, 5, [TASK]);
  admin.editIssue(ORDERS, 6, { state: 'closed' });
  for (const number of [7, 8, 9]) admin.addComment(ORDERS, number, 'touched');
}

/** A thousand repositories with four issues each, made by two clients at once: see {@link bulkOrder}. */
function growLarge({ admin }: Standin, clock: ManualClock): void {
  admin.createOrganization('big');
  clock.set('03:21:00');
  const indexes = Array.from({ length: BIG_REPOSITORIES }, (_, index) => index);
  indexes.splice(985, 2, 986, 985);
  for (const index of indexes) admin.createRepository('big', { name: bigName(index), auto_init: false });
  const counts = new Map<number, number>();
  for (const index of bulkOrder(indexes)) {
    if (index === 989) clock.set('03:21:02');
    const done = counts.get(index) ?? 0;
    counts.set(index, done + 1);
    admin.createIssue(`big/${bigName(index)}`, { title: `issue ${done}`, body: 'b' });
  }
}

/** The repository of each issue in the order of their ids, as far as the captures show that the clients overtook. */
function bulkOrder(indexes: readonly number[]): number[] {
  const plain = (from: number, to: number): number[] =>
    indexes.slice(from, to).flatMap((index) => Array.from({ length: BIG_ISSUES_EACH }, () => index));
  return [
    ...plain(0, 986),
    985,
    985,
    987,
    985,
    987,
    985,
    987,
    987,
    ...plain(988, 998),
    999,
    998,
    999,
    998,
    999,
    998,
    999,
    998,
  ];
}

function bigName(index: number): string {
  return `r${`${index}`.padStart(4, '0')}`;
}

export function afterCapture(capture: Capture, standin: Standin, clock: ManualClock): void {
  AFTER[capture.file]?.(standin, clock);
}

/** A change happened when its answer says that the thing was changed last. */
export function setTimeOf(capture: Capture, clock: ManualClock): void {
  const body = capture.response.body as Readonly<Record<string, unknown>> | null;
  const time = body?.['updated_at'] ?? body?.['created_at'] ?? body?.['created'];
  const isChange = capture.request.method !== 'GET';
  if (isChange && typeof time === 'string' && !time.startsWith('0001')) clock.set(time);
}
