/**
 * Pushes without git: a commit is a message, and its name a hash. Enough for receivers of `push` and for commits that
 * close issues.
 */
import { repositoryView } from '../views/repository-view.ts';
import { rfc3339 } from '../wire/go-time.ts';
import { requireActor, requireWriter } from './access.ts';
import { fullNameOf } from './lookup.ts';
import { changeState } from './issues.ts';
import { type Hook, type Repository } from './model.ts';
import { commitSha } from './repositories.ts';
import { addressOf, senderView, staleOf, type Stale } from './snapshot.ts';
import { type Turn } from './turn.ts';

/** What a small commit to the default branch adds to the size that Gitea counts. */
const COMMIT_SIZE_KIB = 1;

type Commit = Repository['branches'][string];

/** What a branch that is new was before. */
const NO_COMMIT = '0'.repeat(40);

const UNVERIFIED = {
  verified: false,
  reason: 'gpg.error.not_signed_commit',
  signature: '',
  signer: null,
  payload: '',
};

const CLOSING = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)[: ]+#(\d+)/gi;

export interface NewCommit {
  readonly message: string;
  readonly branch?: string | undefined;
  readonly added?: readonly string[] | undefined;
}

/** Pushes one commit. Issues that its message closes are announced before the push itself. Returns its name. */
export function pushCommit(turn: Turn, repository: Repository, wanted: NewCommit): string {
  requireWriter(turn, repository);
  const stale = staleOf(turn, repository);
  const branch = wanted.branch ?? repository.defaultBranch;
  const before = repository.branches[branch]?.sha;
  const base = before ?? headOf(repository).sha;
  const message = wanted.message.endsWith('\n') ? wanted.message : `${wanted.message}\n`;
  const commit = { sha: commitSha(`${base} ${message} ${turn.nowS}`), message, madeS: turn.nowS };
  if (branch === repository.defaultBranch) closeNamed(turn, repository, stale, commit);
  repository.branches[branch] = commit;
  repository.isEmpty = false;
  repository.updatedS = turn.nowS;
  if (branch === repository.defaultBranch) repository.sizeKib += COMMIT_SIZE_KIB;
  const view = {
    ...commitView(turn, repository, commit),
    added: wanted.added ?? [],
    removed: [],
    modified: [],
  };
  const payload = {
    ...pushHead(turn, repository, { branch, before: before ?? NO_COMMIT, base, after: commit.sha }),
    commits: [view],
    total_commits: 1,
    head_commit: view,
    repository: stale.repository,
    pusher: senderView(turn),
    sender: senderView(turn),
  };
  turn.notices.push({ ...addressOf(stale), event: 'push', eventType: 'push', payload });
  return commit.sha;
}

/** Gitea's test delivery: a push from the newest commit to itself, to one hook. */
export function testHook(turn: Turn, repository: Repository, hook: Hook): void {
  const head = headOf(repository);
  const branch = repository.defaultBranch;
  const changed = { added: null, removed: null, modified: null };
  const view = { ...commitView(turn, repository, head), verification: UNVERIFIED, ...changed };
  const payload = {
    ...pushHead(turn, repository, { branch, before: head.sha, base: head.sha, after: head.sha }),
    commits: [view],
    total_commits: 1,
    head_commit: view,
    repository: repositoryView(turn, repository, 'nobody'),
    pusher: senderView(turn),
    sender: senderView(turn),
  };
  const address = { repositoryId: repository.id, ownerId: repository.ownerId };
  turn.notices.push({ ...address, event: 'push', eventType: 'push', payload, onlyHookId: hook.id });
}

function headOf(repository: Repository): Commit {
  return repository.branches[repository.defaultBranch] ?? { sha: NO_COMMIT, message: '', madeS: 0 };
}

interface PushRange {
  readonly branch: string;
  readonly before: string;
  /** What the comparison starts from; for a new branch not `before`, which is no commit. */
  readonly base: string;
  readonly after: string;
}

function pushHead(turn: Turn, repository: Repository, { branch, before, base, after }: PushRange) {
  const fullName = fullNameOf(turn.state, repository);
  return {
    ref: `refs/heads/${branch}`,
    before,
    after,
    compare_url: `${turn.site.rootUrl}${fullName}/compare/${base}...${after}`,
  };
}

function closeNamed(turn: Turn, repository: Repository, stale: Stale, commit: Commit): void {
  for (const [, digits] of commit.message.matchAll(CLOSING)) {
    const issue = turn.state.issues.find(
      (one) => one.repositoryId === repository.id && one.number === Number(digits),
    );
    if (issue !== undefined) changeState(turn, stale, issue, 'closed', commit.sha);
  }
}

function commitView(turn: Turn, repository: Repository, commit: Commit) {
  const { login, email } = requireActor(turn);
  const person = { name: login, email, username: login };
  return {
    id: commit.sha,
    message: commit.message,
    url: `${turn.site.rootUrl}${fullNameOf(turn.state, repository)}/commit/${commit.sha}`,
    author: person,
    committer: person,
    verification: null,
    timestamp: rfc3339(commit.madeS),
  };
}
