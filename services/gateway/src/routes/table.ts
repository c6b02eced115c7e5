import { AGENT_ROUTES, DEPLOYMENT_ROUTES } from './agents.ts';
import { BACKBEAT_ROUTES } from './backbeat.ts';
import { DEAD_LETTER_ROUTES } from './dead-letters.ts';
import { PROJECT_ROUTES, REPOSITORY_ROUTES } from './repositories.ts';
import { COUNCIL_ROUTES, TASK_ROUTES, TEAM_ROUTES } from './work.ts';
import { type Route } from './route.ts';

/** Every route that takes and gives JSON. The router and the OpenAPI document are both made from this list. */
export const ROUTES: readonly Route[] = [
  ...REPOSITORY_ROUTES,
  ...PROJECT_ROUTES,
  ...TASK_ROUTES,
  ...COUNCIL_ROUTES,
  ...TEAM_ROUTES,
  ...AGENT_ROUTES,
  ...DEPLOYMENT_ROUTES,
  ...DEAD_LETTER_ROUTES,
  ...BACKBEAT_ROUTES,
];
