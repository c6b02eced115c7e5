/** Captured deliveries that the stand-in does not send, or sends with the listed places different; kept exact. */
export interface DeliveryLeftOut {
  readonly file: string;
  readonly reason: string;
  /** Absent when the delivery is not sent at all. */
  readonly differs?: readonly string[];
}

const NO_PULLS = 'there are no pull requests in the stand-in';

const NO_GIT = 'a commit without git has a name of its own, and the captured ones were dated by their client';

const COMMIT_PLACES = ['commits[0]', 'head_commit'].flatMap((commit) =>
  ['id', 'url', 'timestamp'].map((key) => `body.${commit}.${key}`),
);
const PUSH_PLACES = ['body.after', 'body.compare_url', ...COMMIT_PLACES];

export const WEBHOOKS_LEFT_OUT: readonly DeliveryLeftOut[] = [
  { file: '31-issues-closed', reason: NO_GIT, differs: ['body.commit_id'] },
  { file: '32-push', reason: NO_GIT, differs: ['body.before', ...PUSH_PLACES] },
  { file: '33-push', reason: NO_GIT, differs: PUSH_PLACES },
  { file: '34-pull-request-opened', reason: NO_PULLS },
  { file: '35-pull-request-label-label-updated', reason: NO_PULLS },
  { file: '36-pull-request-comment-created', reason: NO_PULLS },
  {
    file: '37-push',
    reason: `${NO_GIT}; and ${NO_PULLS}`,
    differs: ['body.before', ...PUSH_PLACES, 'body.repository.open_pr_counter'],
  },
  { file: '38-pull-request-sync-synchronized', reason: NO_PULLS },
  { file: '39-pull-request-closed', reason: NO_PULLS },
  {
    file: '40-push',
    reason: `${NO_GIT}; a push has one commit here, where a merge has several`,
    differs: [
      'body.before',
      'body.after',
      'body.compare_url',
      'body.commits',
      'body.total_commits',
      'body.head_commit',
      'body.repository.size',
    ],
  },
  { file: '41-push', reason: NO_GIT, differs: ['body.before', ...PUSH_PLACES] },
];
