import { ACCOUNT_ROUTES } from './account-routes.ts';
import { COMMENT_ROUTES } from './comment-routes.ts';
import { HOOK_ROUTES } from './hook-routes.ts';
import { ISSUE_DETAIL_ROUTES } from './issue-detail-routes.ts';
import { ISSUE_ROUTES } from './issue-routes.ts';
import { LABEL_ROUTES } from './label-routes.ts';
import { REPOSITORY_ROUTES } from './repository-routes.ts';
import { type Route } from './route.ts';

/** In the order in which they are tried. */
export const ROUTES: readonly Route[] = [
  ...ACCOUNT_ROUTES,
  ...COMMENT_ROUTES,
  ...ISSUE_ROUTES,
  ...ISSUE_DETAIL_ROUTES,
  ...LABEL_ROUTES,
  ...HOOK_ROUTES,
  ...REPOSITORY_ROUTES,
];
