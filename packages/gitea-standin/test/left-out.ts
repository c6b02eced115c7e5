/**
 * Where the stand-in does not answer as the captured Gitea did, each with its reason. The test keeps the list exact: a
 * place that no longer differs is an error, and so is a difference that is not listed.
 */
export interface LeftOut {
  readonly file: string;
  readonly reason: string;
  /** The places that differ, each with everything below it. */
  readonly differs: readonly string[];
}

/** A route that the stand-in does not have is answered with 404. */
const NO_ROUTE = ['status', 'headers', 'body'];

const NO_GIT = 'there is no git behind the stand-in: no file contents, no branches, no pull requests';

export const LEFT_OUT: readonly LeftOut[] = [
  {
    file: '012-token-create-write-issue',
    reason: 'a token is drawn at random, and was removed from the capture',
    differs: ['body.sha1', 'body.token_last_eight'],
  },
  {
    file: '013-token-create-read-only',
    reason: 'a token is drawn at random, and was removed from the capture',
    differs: ['body.sha1', 'body.token_last_eight'],
  },
  { file: '119-contents-create', reason: NO_GIT, differs: NO_ROUTE },
  { file: '120-pull-create', reason: NO_GIT, differs: NO_ROUTE },
  { file: '121-pull-merge', reason: NO_GIT, differs: NO_ROUTE },
  {
    file: '122-issues-with-pull-request',
    reason: 'the pull request is missing from the list, which begins one issue later therefore',
    differs: ['headers.x-total-count', 'body[0]', 'body[1]', 'body[2]'],
  },
  {
    file: '123-issues-type-pulls',
    reason: 'there are no pull requests, so the list of them is always empty',
    differs: ['headers', 'body'],
  },
  {
    file: '127-hook-get',
    reason: 'each delivery moves the time of its hook, and nothing is delivered during the replay',
    differs: ['body.updated_at'],
  },
  {
    file: '129-issue-timeline',
    reason: 'the timeline is not kept, only the ids that its entries take from the comments',
    differs: NO_ROUTE,
  },
  { file: '133-notifications', reason: 'notifications of people are not kept', differs: NO_ROUTE },
  {
    file: '144-search-with-pull-requests',
    reason: 'the pull request is missing from the count',
    differs: ['headers.x-total-count', 'headers.link'],
  },
];
