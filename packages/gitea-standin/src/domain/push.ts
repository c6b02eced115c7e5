/**
 * Pushes without git: a commit is a message, and its name a hash. Enough for receivers of `push` and for commits that
 * close issues.
 */
import { repositoryView } from '../views/repository-view.ts';
import { rfc3339 } from '../wire/go-time.ts';
import { requireActor, requireWriter } from './access.ts';
import { fullNameOf } from './lookup.ts';
import { changeState } from './issues.ts';
import { type Hook, type Repository, type User } from './model.ts';
import { commitSha } from './repositories.ts';
import { addressOf, senderView, staleOf } from './snapshot.ts';
import { type Turn } from './turn.ts';

/** What a small commit adds to the size that Gitea counts. */
const COMMIT_SIZE_KIB = 1;

const CLOSING = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)[: ]+#(\d+)/gi;

export interface NewCommit {
  readonly message: string;
  readonly branch?: string | undefined;
  readonly added?: readonly string[] | undefined;
}

/** Pushes one commit. Issues that its message closes are announced before the push itself. Returns its name. */
export function pushCommit(turn: Turn, repository: Repository, commit: NewCommit): string {
  requireWriter(turn, repository);
  const stale = staleOf(turn, repository);
  const before = repository.headSha;
  const message = commit.message.endsWith('\n') ? commit.message : `${commit.message}\n`;
  const after = commitSha(`${before} ${message} ${turn.nowS}`);
  const branch = commit.branch ?? repository.defaultBranch;
  if (branch === repository.defaultBranch) closeNamed(turn, repository, message, after);
  repository.headSha = after;
  repository.headMessage = message;
  repository.isEmpty = false;
  const view = {
    ...commitView(turn, repository, { sha: after, message, author: requireActor(turn) }),
    added: commit.added ?? [],
    removed: [],
    modified: [],
  };
  const payload = {
    ref: `refs/heads/${branch}`,
    before,
    after,
    compare_url: compareUrl(turn, repository, before, after),
    commits: [view],
    total_commits: 1,
    head_commit: view,
    repository: stale.repository,
    pusher: senderView(turn),
    sender: senderView(turn),
  };
  turn.notices.push({ ...addressOf(stale), event: 'push', eventType: 'push', payload });
  repository.updatedS = turn.nowS;
  repository.sizeKib += COMMIT_SIZE_KIB;
  return after;
}

/** Gitea's test delivery: a push from the newest commit to itself, to one hook. */
export function testHook(turn: Turn, repository: Repository, hook: Hook): void {
  const commit = commitView(turn, repository, {
    sha: repository.headSha,
    message: repository.headMessage,
    author: requireActor(turn),
  });
  const verification = {
    verified: false,
    reason: 'gpg.error.not_signed_commit',
    signature: '',
    signer: null,
    payload: '',
  };
  const view = { ...commit, verification, added: null, removed: null, modified: null };
  const payload = {
    ref: `refs/heads/${repository.defaultBranch}`,
    before: repository.headSha,
    after: repository.headSha,
    compare_url: compareUrl(turn, repository, repository.headSha, repository.headSha),
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

function closeNamed(turn: Turn, repository: Repository, message: string, sha: string): void {
  const stale = staleOf(turn, repository);
  for (const [, digits] of message.matchAll(CLOSING)) {
    const issue = turn.state.issues.find(
      (one) => one.repositoryId === repository.id && one.number === Number(digits),
    );
    if (issue !== undefined) changeState(turn, stale, issue, 'closed', sha);
  }
}

function commitView(
  turn: Turn,
  repository: Repository,
  commit: { sha: string; message: string; author: User },
) {
  const person = { name: commit.author.login, email: commit.author.email, username: commit.author.login };
  return {
    id: commit.sha,
    message: commit.message,
    url: `${turn.site.rootUrl}${fullNameOf(turn.state, repository)}/commit/${commit.sha}`,
    author: person,
    committer: person,
    verification: null,
    timestamp: rfc3339(turn.nowS),
  };
}

function compareUrl(turn: Turn, repository: Repository, before: string, after: string): string {
  return `${turn.site.rootUrl}${fullNameOf(turn.state, repository)}/compare/${before}...${after}`;
}
