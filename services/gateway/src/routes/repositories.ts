import { repositories, tasks } from '@whoosh/contracts';
import { callRoute, type Route } from './route.ts';

const at = '/api/v1/repositories';
const one = { params: { repoID: 'id' }, tag: 'repositories' };

export const REPOSITORY_ROUTES: readonly Route[] = [
  callRoute(
    {
      method: 'get',
      path: at,
      who: 'any',
      tag: 'repositories',
      operation: 'listRepositories',
      message: 'Repositories',
    },
    repositories.listRepositories,
  ),
  callRoute(
    {
      method: 'post',
      path: at,
      who: 'admin',
      tag: 'repositories',
      operation: 'addRepository',
      status: 201,
      message: 'Repository added; its first scan has begun',
    },
    repositories.addRepository,
  ),
  callRoute(
    {
      ...one,
      method: 'get',
      path: `${at}/{repoID}`,
      who: 'any',
      operation: 'getRepository',
      message: 'Repository',
    },
    repositories.getRepository,
  ),
  callRoute(
    {
      ...one,
      method: 'put',
      path: `${at}/{repoID}`,
      who: 'admin',
      operation: 'updateRepository',
      message: 'Repository changed',
    },
    repositories.updateRepository,
  ),
  callRoute(
    {
      ...one,
      method: 'delete',
      path: `${at}/{repoID}`,
      who: 'admin',
      operation: 'removeRepository',
      message: 'Repository is not monitored any more',
    },
    repositories.removeRepository,
  ),
  callRoute(
    {
      ...one,
      method: 'post',
      path: `${at}/{repoID}/sync`,
      who: 'admin',
      operation: 'syncRepository',
      message: 'Repository read',
    },
    repositories.syncRepository,
  ),
  callRoute(
    {
      ...one,
      method: 'post',
      path: `${at}/{repoID}/ensure-labels`,
      who: 'admin',
      operation: 'ensureLabels',
      message: 'The standard labels are there',
    },
    repositories.ensureLabels,
  ),
  callRoute(
    {
      ...one,
      method: 'get',
      path: `${at}/{repoID}/logs`,
      who: 'any',
      operation: 'repositoryLogs',
      message: 'Sync log',
    },
    repositories.repositoryLogs,
  ),
];

/** A project is a repository under another name, with the same id. */
const project = { params: { projectID: 'id' }, tag: 'projects' };

export const PROJECT_ROUTES: readonly Route[] = [
  callRoute(
    {
      method: 'get',
      path: '/api/v1/projects',
      who: 'any',
      tag: 'projects',
      operation: 'listProjects',
      message: 'Projects',
    },
    repositories.listRepositories,
  ),
  callRoute(
    {
      method: 'post',
      path: '/api/v1/projects',
      who: 'admin',
      tag: 'projects',
      operation: 'addProject',
      status: 201,
      message: 'Project added; its first scan has begun',
    },
    repositories.addRepository,
  ),
  callRoute(
    {
      ...project,
      method: 'get',
      path: '/api/v1/projects/{projectID}',
      who: 'any',
      operation: 'getProject',
      message: 'Project',
    },
    repositories.getRepository,
  ),
  callRoute(
    {
      method: 'get',
      path: '/api/v1/projects/{projectID}/tasks',
      params: { projectID: 'repository_id' },
      tag: 'projects',
      who: 'any',
      operation: 'listProjectTasks',
      message: 'Tasks of the project',
    },
    tasks.listTasks,
  ),
];
